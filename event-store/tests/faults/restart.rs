//! The server stopped as by a crash, and started again.

use std::time::Duration;

use agrodeep_event_store::history::Anomaly;

use crate::{
    load::{Load, Outcome},
    server::{Server, connect},
};

const CRASHES: usize = 20;

const ASYNCHRONOUS: &str = include_str!("controls/asynchronous.sql");

async fn crashes(mut server: Server, crashes: usize) -> Outcome {
    let load = Load::start(&server.url(), &server.url(), server.folder.clone(), Duration::from_secs(10));
    for _ in 0..crashes {
        load.goes_on(60).await;
        server = tokio::task::spawn_blocking(move || {
            server.crash_and_recover();
            server
        })
        .await
        .unwrap();
    }
    load.goes_on(10).await;
    load.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_loses_and_doubles_nothing() {
    let server = Server::with_log("restart").await;
    crashes(server, CRASHES).await.must_be_good("server stopped immediately", CRASHES);
}

/// Whatever the database is set to, the log waits for the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_set_to_commit_asynchronously_loses_nothing() {
    let server = Server::with_log("asynchronous-database").await;
    let setting = "alter database postgres set synchronous_commit = off";
    connect(&server.url()).await.batch_execute(setting).await.unwrap();
    crashes(server, CRASHES)
        .await
        .must_be_good("server stopped immediately, set to commit asynchronously", CRASHES);
}

/// Control: a server that answers before the disk has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_log_that_commits_asynchronously_is_caught_losing() {
    let server = Server::with_log("asynchronous").await;
    connect(&server.url()).await.batch_execute(ASYNCHRONOUS).await.unwrap();
    let outcome = crashes(server, 8).await;
    println!("control, asynchronous commit: {}", outcome.report);
    assert!(outcome.report.count(Anomaly::Lost) > 0, "{}", outcome.report);
}
