//! Logs with a known flaw, under the same load. A check that passes them is worth nothing.

use std::time::Duration;

use agrodeep_event_store::history::Anomaly;

use crate::{
    cut::cuts,
    load::{Load, Outcome},
    proxy::Cut,
    server::{Server, connect},
};

const FROM_A_SEQUENCE: &str = include_str!("controls/positions_from_a_sequence.sql");
const WITHOUT_COMMAND_IDS: &str = include_str!("controls/without_command_ids.sql");

async fn with(name: &str, control: &str) -> Server {
    let server = Server::with_log(name).await;
    connect(&server.url()).await.batch_execute(control).await.unwrap();
    server
}

async fn from_a_sequence(name: &str) -> Outcome {
    let server = with(name, FROM_A_SEQUENCE).await;
    let load = Load::start(&server.url(), &server.url(), server.folder.clone(), Duration::from_secs(10));
    load.goes_on(3_000).await;
    let outcome = load.end().await;
    println!("control, {name}: {} damages told; {}", outcome.damages, outcome.report);
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_positions_from_a_sequence_are_caught_leaving_holes() {
    let outcome = from_a_sequence("sequence").await;
    assert!(outcome.report.count(Anomaly::Hole) > 0, "{}", outcome.report);
    assert!(outcome.damages > 0, "the product's follower went past a hole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_cursor_over_positions_from_a_sequence_is_caught_skipping() {
    let outcome = from_a_sequence("cursor").await;
    assert!(outcome.report.count(Anomaly::Skipped) > 0, "{}", outcome.report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_log_that_knows_no_command_ids_is_caught_doubling() {
    let server = with("no-command-ids", WITHOUT_COMMAND_IDS).await;
    let (outcome, proxy) = cuts(&server, &[Cut::After], 6, 60).await;
    println!("control, no command ids: {} answers swallowed; {}", proxy.cuts.all(), outcome.report);
    assert!(outcome.report.count(Anomaly::Doubled) > 0, "{}", outcome.report);
}
