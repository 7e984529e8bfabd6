//! The conformance suite on the log in memory.

use std::sync::Arc;

use agrodeep_event_store::{
    Append, EventLog, LogError, MemoryLimits, MemoryLog, Position,
    conformance::{self, event, fresh_stream, some_events},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_passes_the_conformance_suite() {
    conformance::run_all(Arc::new(MemoryLog::default())).await;
}

#[tokio::test]
async fn memory_keeps_states_as_promised() {
    conformance::run_snapshots(Arc::new(MemoryLog::default())).await;
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_and_appends_nothing() {
    let log = MemoryLog::new(MemoryLimits { payload_bytes_max: 10, events_per_command_max: 2 });
    let stream = fresh_stream();
    let small = |count| Append { events: vec![event("\"small\""); count], ..some_events(&stream, 0, 1) };
    let large = Append { events: vec![event("\"too large\"")], ..small(1) };
    for (append, figures) in [(large, ["11 bytes", "10"]), (small(3), ["1 to 2", "3"])] {
        let Err(LogError::Invalid(why)) = log.append(append).await else { panic!("not refused") };
        for figure in figures {
            assert!(why.contains(figure), "{why}");
        }
    }
    assert_eq!(log.head().await, Ok(Position::START));
    log.append(small(2)).await.expect("what is within the limits");
    assert_eq!(log.head().await, Ok(Position(2)));
}
