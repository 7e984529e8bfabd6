//! The suite that every store passes.

use std::sync::Arc;

use agrodeep_event_store::{
    conformance,
    kurrentdb::{KurrentLog, KurrentSettings, double::Double},
};

use super::log;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_double_passes_the_conformance_suite_three_times() {
    for _ in 0..3 {
        let double = Double::start().await;
        conformance::run_all(log(&double).await).await;
        println!("the conformance suite passed on the double at {}", double.url());
    }
}

/// On the server that `KURRENTDB_URL` names; its log need not be empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_server_passes_the_conformance_suite() {
    let Ok(url) = std::env::var("KURRENTDB_URL") else {
        println!("KURRENTDB_URL is not set: no real server was tried, only the double");
        return;
    };
    let log = KurrentLog::open(&url, KurrentSettings::default()).await.unwrap();
    conformance::run_all(Arc::new(log)).await;
    let host = url.rsplit('@').next().unwrap_or_default();
    println!("the conformance suite passed on the real server at {host}");
}
