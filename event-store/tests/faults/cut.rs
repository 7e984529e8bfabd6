//! Connections cut before a statement reaches the server, while it runs, and after its answer.

use std::{sync::atomic::Ordering, time::Duration};

use crate::{
    load::{Load, Outcome},
    proxy::{Cut, Proxy},
    server::Server,
};

/// A load whose connections are cut in all `ways`, until there were so many cuts.
pub async fn cuts(server: &Server, ways: &'static [Cut], every: usize, cuts: usize) -> (Outcome, Proxy) {
    let proxy = Proxy::start(server.socket(), every, ways).await;
    // Short, so that not only the log asks again but its callers have to, too.
    let patience = Duration::from_millis(2);
    let load = Load::start(&server.url(), &proxy.url, server.folder.clone(), patience);
    while proxy.cuts.all() < cuts {
        load.goes_on(10).await;
    }
    (load.end().await, proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_and_double_nothing() {
    let server = Server::with_log("cut").await;
    let (outcome, proxy) = cuts(&server, &[Cut::Before, Cut::After, Cut::During], 6, 150).await;
    let (before, during, after) = (&proxy.cuts.before, &proxy.cuts.during, &proxy.cuts.after);
    let by_way = [before, during, after].map(|count| count.load(Ordering::Relaxed));
    let run = format!("connections cut (before, during, after: {by_way:?})");
    outcome.must_be_good(&run, proxy.cuts.all());
    assert!(by_way.iter().all(|count| *count >= 20), "{run}");
    assert!(outcome.report.unknown > 0, "no caller had to ask again: {}", outcome.report);
}
