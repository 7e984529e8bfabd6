//! The server's own processes ended in the middle of a statement.

use std::time::Duration;

use crate::{
    load::Load,
    server::{Server, connect},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backends_ended_in_mid_statement_lose_and_double_nothing() {
    const ENDED: usize = 40;
    let server = Server::with_log("terminate").await;
    let client = connect(&server.url()).await;
    let load = Load::start(&server.url(), &server.url(), server.folder.clone(), Duration::from_secs(10));
    let mut ended = 0;
    while ended < ENDED {
        load.goes_on(20).await;
        loop {
            let rows = client
                .query(
                    "select pg_terminate_backend(pid) from pg_stat_activity \
                     where application_name = 'agrodeep-append' and state = 'active'",
                    &[],
                )
                .await
                .unwrap();
            if !rows.is_empty() {
                ended += rows.len();
                break;
            }
        }
    }
    load.end().await.must_be_good("backends ended in mid-statement", ended);
}
