//! The suite that every event store passes: what [`EventLog`](crate::EventLog) promises, as tests.
//!
//! Run all of it on an empty log with [`run_all`]; each test uses streams of its own.

mod selecting;
mod snapshots;

use std::{collections::HashMap, sync::Arc, time::Duration};

pub use self::snapshots::run_snapshots;
use chrono::{SubsecRound, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    Append, AppendOutcome, Appended, Follower, LogError, Metadata, NewEvent, Position, SharedLog, StreamId,
};

/// A stream that nobody else uses.
pub fn fresh_stream() -> StreamId {
    StreamId::new("conformance", Uuid::now_v7())
}

/// An append of `count` small events on `stream` after `expected_version`.
pub fn some_events(stream: &StreamId, expected_version: u64, count: usize) -> Append {
    let command_id = Uuid::now_v7();
    let events = (0..count).map(|index| event(&format!(r#"{{"Happened":{{"index":{index}}}}}"#))).collect();
    Append {
        stream: stream.clone(),
        expected_version,
        command_id,
        events,
        metadata: Metadata {
            actor: "system:conformance".to_owned(),
            correlation_id: command_id,
            causation_id: command_id,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            occurred_at: Utc::now().trunc_subsecs(6),
            other: [("source".to_owned(), "conformance".to_owned())].into(),
        },
    }
}

/// An event with this payload.
pub fn event(payload: &str) -> NewEvent {
    NewEvent {
        event_type: "Happened".into(),
        event_version: "1".into(),
        payload: RawValue::from_string(payload.to_owned()).expect("JSON"),
    }
}

fn appended(outcome: Result<AppendOutcome, LogError>) -> Appended {
    match outcome {
        Ok(AppendOutcome::Appended(appended)) => appended,
        other => panic!("not appended: {other:?}"),
    }
}

/// Every promise, one after the other.
pub async fn run_all(log: SharedLog) {
    what_is_appended_is_loaded_byte_for_byte(&log).await;
    a_stale_version_is_a_conflict_and_appends_nothing(&log).await;
    a_version_beyond_the_end_is_a_conflict(&log).await;
    the_same_append_again_gets_the_same_verdict(&log).await;
    a_command_done_elsewhere_is_already_done(&log).await;
    a_chain_is_judged_in_order_and_falls_from_the_first_refusal(&log).await;
    one_bad_append_does_not_fail_its_neighbours(&log).await;
    an_append_without_events_is_invalid(&log).await;
    a_command_is_found_by_its_id(&log).await;
    of_racing_appends_to_one_version_exactly_one_wins(&log).await;
    readers_see_every_event_once_in_order_while_others_append(&log).await;
    what_comes_after_a_position_is_counted(&log).await;
    a_waiting_reader_is_woken(&log).await;
    appends_in_order_stand_in_that_order_and_once(&log).await;
    a_stream_whose_name_would_not_read_back_is_refused(&log).await;
    selecting::the_log_is_read_backwards(&log).await;
    selecting::a_stream_is_read_in_pages(&log).await;
    selecting::a_replay_has_what_passes_once_and_in_order(&log).await;
    selecting::a_replay_goes_on_as_the_log_grows(&log).await;
    selecting::streams_are_listed_by_their_last_events(&log).await;
}

/// Payload and envelope come back as they were given, positions grow.
pub async fn what_is_appended_is_loaded_byte_for_byte(log: &SharedLog) {
    let stream = fresh_stream();
    let payload = "{ \"Happened\" : {\"n\":1.10, \"é\":\"\\u0041\",  \"big\":12345678901234567890} }";
    let mut append = some_events(&stream, 0, 1);
    append.events = vec![event(payload), event("{\"Happened\":{}}")];
    let before = log.head().await.expect("the head");
    let verdict = appended(log.append(append.clone()).await);
    assert_eq!(verdict.version, 2);
    assert!(verdict.position > before);
    assert_eq!(log.head().await.expect("the head"), verdict.position);

    let events = log.load(&stream, 0).await.expect("the stream");
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].payload.get(), payload);
    assert_eq!(events[0].metadata, append.metadata);
    assert_eq!(events[0].event_id, append.command_id);
    assert_ne!(events[1].event_id, append.command_id);
    assert_eq!((events[0].version, events[1].version), (1, 2));
    assert!(events[0].position < events[1].position);
    assert_eq!(events[1].position, verdict.position);
    assert!((Utc::now() - events[0].recorded_at).num_seconds().abs() < 3600);
    let rest = log.load(&stream, 1).await.expect("the rest");
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].event_id, events[1].event_id);
}

/// Who decides on an old version is told so, and leaves no trace.
pub async fn a_stale_version_is_a_conflict_and_appends_nothing(log: &SharedLog) {
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 3)).await);
    let head = log.head().await.expect("the head");
    for stale in [0, 1, 2] {
        let outcome = log.append(some_events(&stream, stale, 2)).await;
        assert_eq!(outcome, Ok(AppendOutcome::Conflict { actual_version: 3 }), "expected version {stale}");
    }
    assert_eq!(log.head().await.expect("the head"), head);
    appended(log.append(some_events(&stream, 3, 1)).await);
}

/// Nothing is appended after a version that does not exist: streams have no holes.
pub async fn a_version_beyond_the_end_is_a_conflict(log: &SharedLog) {
    let stream = fresh_stream();
    let outcome = log.append(some_events(&stream, 1, 1)).await;
    assert_eq!(outcome, Ok(AppendOutcome::Conflict { actual_version: 0 }));
    appended(log.append(some_events(&stream, 0, 1)).await);
    let outcome = log.append(some_events(&stream, 2, 1)).await;
    assert_eq!(outcome, Ok(AppendOutcome::Conflict { actual_version: 1 }));
}

/// A caller whose answer was lost asks again and learns what is so.
pub async fn the_same_append_again_gets_the_same_verdict(log: &SharedLog) {
    let stream = fresh_stream();
    let append = some_events(&stream, 0, 2);
    let first = appended(log.append(append.clone()).await);
    appended(log.append(some_events(&stream, 2, 1)).await);
    assert_eq!(appended(log.append(append).await), first);
    assert_eq!(log.load(&stream, 0).await.expect("the stream").len(), 3);
}

/// A command id appends once in its stream; in the whole log, where that is promised.
pub async fn a_command_done_elsewhere_is_already_done(log: &SharedLog) {
    let stream = fresh_stream();
    let append = some_events(&stream, 0, 1);
    appended(log.append(append.clone()).await);
    let again_later = Append { expected_version: 1, ..append.clone() };
    assert_eq!(log.append(again_later).await, Ok(AppendOutcome::AlreadyDone));
    assert_eq!(log.load(&stream, 0).await.expect("the stream").len(), 1);
    if !log.promises().command_ids_across_streams {
        return;
    }
    let other = Append { stream: fresh_stream(), ..append };
    assert_eq!(log.append(other.clone()).await, Ok(AppendOutcome::AlreadyDone));
    assert!(log.load(&other.stream, 0).await.expect("the stream").is_empty());
}

/// What was decided on a refused append is refused as well.
pub async fn a_chain_is_judged_in_order_and_falls_from_the_first_refusal(log: &SharedLog) {
    let stream = fresh_stream();
    let chain = vec![some_events(&stream, 0, 1), some_events(&stream, 1, 2), some_events(&stream, 3, 1)];
    let verdicts = log.append_chain(chain).await;
    let versions: Vec<_> = verdicts.into_iter().map(|verdict| appended(verdict).version).collect();
    assert_eq!(versions, [1, 3, 4]);

    // Another process was faster with version 5: the chain's first is refused, and what builds on it, even though
    // version 6 follows on the other's 5.
    appended(log.append(some_events(&stream, 4, 1)).await);
    let chain = vec![some_events(&stream, 4, 1), some_events(&stream, 5, 1), some_events(&stream, 6, 1)];
    for verdict in log.append_chain(chain).await {
        assert_eq!(verdict, Ok(AppendOutcome::Conflict { actual_version: 5 }));
    }
    assert_eq!(log.load(&stream, 0).await.expect("the stream").len(), 5);
}

/// Commands that are committed together are judged alone.
pub async fn one_bad_append_does_not_fail_its_neighbours(log: &SharedLog) {
    let stale = fresh_stream();
    appended(log.append(some_events(&stale, 0, 1)).await);
    let mut tasks = Vec::new();
    for index in 0..60 {
        let (log, stale) = (log.clone(), stale.clone());
        tasks.push(tokio::spawn(async move {
            let stream = if index % 10 == 5 { stale } else { fresh_stream() };
            (index, log.append(some_events(&stream, 0, 1 + index % 3)).await)
        }));
    }
    for task in tasks {
        let (index, outcome) = task.await.expect("a task");
        if index % 10 == 5 {
            assert_eq!(outcome, Ok(AppendOutcome::Conflict { actual_version: 1 }));
        } else {
            assert_eq!(appended(outcome).version, 1 + index as u64 % 3);
        }
    }
}

/// There is no such thing as an empty fact.
pub async fn an_append_without_events_is_invalid(log: &SharedLog) {
    let outcome = log.append(some_events(&fresh_stream(), 0, 0)).await;
    assert!(matches!(outcome, Err(LogError::Invalid(_))), "{outcome:?}");
}

/// All events of a command, and only they; looked for in one stream.
pub async fn a_command_is_found_by_its_id(log: &SharedLog) {
    let stream = fresh_stream();
    let (first, second) = (some_events(&stream, 0, 2), some_events(&stream, 2, 3));
    appended(log.append(first).await);
    appended(log.append(second.clone()).await);
    appended(log.append(some_events(&stream, 5, 1)).await);
    let versions: Vec<_> = log
        .find_command(&stream, second.command_id)
        .await
        .expect("the command")
        .iter()
        .map(|event| event.version)
        .collect();
    assert_eq!(versions, [3, 4, 5]);
    assert!(log.find_command(&stream, Uuid::now_v7()).await.expect("no command").is_empty());
    assert!(log.find_command(&fresh_stream(), second.command_id).await.expect("no command").is_empty());
}

/// Optimistic concurrency.
pub async fn of_racing_appends_to_one_version_exactly_one_wins(log: &SharedLog) {
    let stream = fresh_stream();
    for version in 0..5 {
        let racers = (0..16).map(|_| {
            let (log, append) = (log.clone(), some_events(&stream, version, 1));
            tokio::spawn(async move { log.append(append).await })
        });
        let mut winners = 0;
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.expect("a task") {
                Ok(AppendOutcome::Appended(_)) => winners += 1,
                Ok(AppendOutcome::Conflict { actual_version }) => assert_eq!(actual_version, version + 1),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(winners, 1);
    }
}

/// No reader skips an event, sees one twice, or sees a stream out of order.
pub async fn readers_see_every_event_once_in_order_while_others_append(log: &SharedLog) {
    const STREAMS: usize = 16;
    const COMMANDS: u64 = 40;
    let start = log.head().await.expect("the head");
    let dense = log.promises().dense_positions;
    let writers: Vec<_> = (0..STREAMS)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                let stream = fresh_stream();
                let mut version = 0;
                for _ in 0..COMMANDS {
                    let events = 1 + (writer + version as usize) % 3;
                    version = appended(log.append(some_events(&stream, version, events)).await).version;
                }
                (stream, version)
            })
        })
        .collect();
    let reader = {
        let log = log.clone();
        tokio::spawn(async move {
            let mut follower = Follower::new(log, start, 50);
            let mut versions: HashMap<StreamId, u64> = HashMap::new();
            let mut last = start;
            loop {
                let next = tokio::time::timeout(Duration::from_secs(3), follower.next()).await;
                let Ok(events) = next else { return versions };
                for event in events.expect("events") {
                    assert!(event.position > last);
                    assert!(!dense || event.position.0 == last.0 + 1, "position {} is missing", last.0 + 1);
                    last = event.position;
                    let version = versions.entry(event.stream.clone()).or_default();
                    assert_eq!(event.version, *version + 1, "{} skipped", event.stream);
                    *version = event.version;
                }
            }
        })
    };
    let mut expected = HashMap::new();
    for writer in writers {
        let (stream, version) = writer.await.expect("a writer");
        expected.insert(stream, version);
    }
    let seen = reader.await.expect("the reader");
    assert_eq!(seen, expected);
}

/// However positions are numbered.
pub async fn what_comes_after_a_position_is_counted(log: &SharedLog) {
    let start = log.head().await.expect("the head");
    assert_eq!(log.count_after(start, 10).await, Ok(0));
    appended(log.append(some_events(&fresh_stream(), 0, 3)).await);
    appended(log.append(some_events(&fresh_stream(), 0, 2)).await);
    assert_eq!(log.count_after(start, 10).await, Ok(5));
    assert_eq!(log.count_after(start, 5).await, Ok(5));
    assert_eq!(log.count_after(start, 2).await, Ok(2));
    let two = log.read(start, 2).await.expect("events");
    assert_eq!(log.count_after(two[1].position, 10).await, Ok(3));
}

/// A wake-up, or the poll behind it, comes soon.
pub async fn a_waiting_reader_is_woken(log: &SharedLog) {
    let head = log.head().await.expect("the head");
    let waiting = {
        let log: Arc<dyn crate::EventLog> = log.clone();
        tokio::spawn(async move { Follower::new(log, head, 10).next().await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    let position: Position = appended(log.append(some_events(&fresh_stream(), 0, 1)).await).position;
    let events = waiting.await.expect("the reader").expect("events");
    assert_eq!(events[0].position, position);
}

/// What a copy of a log asks for: many commands of many streams, one after the other, and again after a lost answer.
pub async fn appends_in_order_stand_in_that_order_and_once(log: &SharedLog) {
    let start = log.head().await.expect("the head");
    let streams =
        [fresh_stream(), StreamId::new("conformance", format!("text {}", Uuid::now_v7())), fresh_stream()];
    let mut versions = [0; 3];
    let appends: Vec<_> = (0..200)
        .map(|index| {
            let (stream, count) = (index * index % 3, 1 + index % 4);
            let append = some_events(&streams[stream], versions[stream], count);
            versions[stream] += count as u64;
            append
        })
        .collect();
    let first = log.append_in_order(appends.clone()).await;
    let again = log.append_in_order(appends.clone()).await;
    assert_eq!(first.len(), appends.len());
    assert_eq!(first, again);
    let events = log.read(start, 1_000).await.expect("events");
    let found: Vec<_> =
        events.iter().map(|event| (event.command_id, event.stream.clone(), event.version)).collect();
    let expected: Vec<_> = appends
        .iter()
        .flat_map(|append| {
            (1..=append.events.len() as u64)
                .map(|index| (append.command_id, append.stream.clone(), append.expected_version + index))
        })
        .collect();
    assert_eq!(found, expected);
    let stale = vec![some_events(&streams[0], 0, 1), some_events(&fresh_stream(), 0, 1)];
    let refused = log.append_in_order(stale).await;
    assert_eq!(refused.len(), 2);
    assert_eq!(refused[0], Ok(AppendOutcome::Conflict { actual_version: versions[0] }));
}

/// `bank-account-1` would be the account `account-1` of a bank.
pub async fn a_stream_whose_name_would_not_read_back_is_refused(log: &SharedLog) {
    for stream in
        [StreamId::new("", "1"), StreamId::new("bank-account", "1"), StreamId::new("conformance", "")]
    {
        let outcome = log.append(some_events(&stream, 0, 1)).await;
        assert!(matches!(outcome, Err(LogError::Invalid(_))), "{stream}: {outcome:?}");
    }
}
