//! A server that others use, too.

use std::{collections::BTreeMap, time::Duration};

use agrodeep_event_store::{
    LogError, Position,
    conformance::{fresh_stream, some_events},
    kurrentdb::double::Double,
};

use super::{appended, log};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_others_are_passed_over() {
    let double = Double::start().await;
    let log = log(&double).await;
    assert_eq!(log.head().await.unwrap(), Position::START, "what KurrentDB writes by itself is not ours");
    let mut ours = Vec::new();
    for round in 0..40 {
        let append = some_events(&fresh_stream(), 0, 1);
        ours.push(append.command_id);
        appended(log.append(append).await);
        for _ in 0..round % 7 {
            double.append_foreign("invoice-4711", "Billed", "{}");
            double.append_foreign("logs", "Line", "{}");
            double.append_foreign("$stats-127.0.0.1:2113", "$statsCollected", "{}");
        }
    }
    double.append_foreign("invoice-4711", "Billed", "{}");
    // In batches that hold hardly any of ours, and never fewer than there are.
    for limit in [1, 3, 7, 100] {
        let (mut after, mut read) = (Position::START, Vec::new());
        loop {
            let events = log.read(after, limit).await.unwrap();
            let Some(last) = events.last() else { break };
            after = last.position;
            assert!(events.len() == limit || after == log.head().await.unwrap());
            read.extend(events.into_iter().map(|event| event.command_id));
        }
        assert_eq!(read, ours, "in batches of {limit}");
    }
    assert_eq!(log.count_after(Position::START, 1_000).await, Ok(40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_somebody_elses_in_one_of_our_streams_is_damage() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 1)).await);
    double.append_foreign(&stream.to_string(), "Intrusion", "{}");
    let Err(LogError::Corrupt(what)) = log.load(&stream, 0).await else { panic!("it was loaded") };
    assert!(what.contains("somebody else's, version 2"), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_may_be_named_by_any_text() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = agrodeep_event_store::StreamId::new("book", "978-3-16 148410/0 ü");
    appended(log.append(some_events(&stream, 0, 2)).await);
    assert_eq!(log.load(&stream, 0).await.unwrap()[1].stream, stream);
    assert_eq!(log.read(Position::START, 10).await.unwrap()[0].stream, stream);
    for (aggregate_type, id) in [("$system", "1"), ("with-hyphen", "1"), ("", "1"), ("book", "")] {
        let stream = agrodeep_event_store::StreamId::new(aggregate_type, id);
        let outcome = log.append(some_events(&stream, 0, 1)).await;
        assert!(matches!(outcome, Err(LogError::Invalid(_))), "{stream}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_of_the_metadata_that_is_taken_is_refused() {
    let double = Double::start().await;
    let log = log(&double).await;
    for name in ["log", "actor", "occurred_at"] {
        let mut append = some_events(&fresh_stream(), 0, 1);
        append.metadata.other = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        assert!(matches!(log.append(append).await, Err(LogError::Invalid(_))), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_others_wake_nobody_for_good() {
    let double = Double::start().await;
    let log = log(&double).await;
    double.append_foreign("logs", "Line", "{}");
    let wait = log.wait_beyond(Position::START, Duration::from_secs(60));
    assert!(tokio::time::timeout(Duration::from_millis(400), wait).await.is_err());
}
