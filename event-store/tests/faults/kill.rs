//! `kill -9` of a process that appends.

use std::time::Duration;

use crate::{load::Load, server::Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_writers_lose_and_double_nothing() {
    const KILLS: usize = 30;
    let server = Server::with_log("kill").await;
    let mut load = Load::start(&server.url(), &server.url(), server.folder.clone(), Duration::from_secs(10));
    for _ in 0..KILLS {
        load.goes_on(60).await;
        load.kill_a_writer();
    }
    load.end().await.must_be_good("writers killed", KILLS);
}
