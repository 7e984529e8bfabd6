//! Reading streams and the log.

use agrodeep_event_store::{
    AppendOutcome, LogError, Position,
    conformance::{fresh_stream, some_events},
    kurrentdb::double::Double,
};
use uuid::Uuid;

use super::{appended, log};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_command_is_found_whole() {
    let double = Double::start().await;
    let (log, other) = (log(&double).await, super::log(&double).await);
    let stream = fresh_stream();
    let (long, next) = (some_events(&stream, 1, 300), some_events(&stream, 301, 2));
    appended(log.append(some_events(&stream, 0, 1)).await);
    for append in [&long, &next] {
        appended(log.append(append.clone()).await);
    }
    for log in [log, other] {
        let found = log.find_command(&stream, long.command_id).await.unwrap();
        let versions: Vec<_> = found.iter().map(|event| event.version).collect();
        assert_eq!(versions, (2..=301).collect::<Vec<_>>());
        assert_eq!(log.find_command(&stream, next.command_id).await.unwrap().len(), 2);
        assert!(log.find_command(&stream, Uuid::now_v7()).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_that_is_none_is_said_to_be_so() {
    let double = Double::start().await;
    let log = log(&double).await;
    let first = appended(log.append(some_events(&fresh_stream(), 0, 2)).await);
    let Err(LogError::Invalid(why)) = log.read(Position(first.position.0 - 1), 10).await else {
        panic!("it was read from within a record")
    };
    assert!(why.contains("invalid position"), "{why}");
    assert_eq!(log.read(first.position, 10).await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_beyond_all_streams_do_no_harm() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    for version in [u64::MAX, i64::MAX as u64, i64::MAX as u64 - 1] {
        assert!(log.load(&stream, version).await.unwrap().is_empty());
        let outcome = log.append(some_events(&stream, version, 1)).await;
        let none = matches!(outcome, Err(LogError::Invalid(_)) | Ok(AppendOutcome::Conflict { .. }));
        assert!(none, "{outcome:?}");
    }
    assert!(log.read(Position(i64::MAX), 10).await.unwrap().is_empty());
    appended(log.append(some_events(&stream, 0, 1)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_keep_the_time_at_which_the_server_took_them() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    let before = chrono::Utc::now();
    appended(log.append(some_events(&stream, 0, 1)).await);
    let recorded_at = log.load(&stream, 0).await.unwrap()[0].recorded_at;
    assert!(recorded_at >= before - chrono::TimeDelta::milliseconds(1), "to the microsecond: {recorded_at}");
    assert!(recorded_at <= chrono::Utc::now());
}
