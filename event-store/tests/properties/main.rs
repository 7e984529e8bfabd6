//! Whatever is appended, and however it is batched: the log on Postgres, the SQL function beneath it and the log in memory
//! give the verdicts, versions, positions and content that a plain model gives.

#![allow(clippy::unwrap_used)]

mod case;
mod model;
mod statement;

use agrodeep_event_store::{
    AppendOutcome, EventLog, MemoryLog, RecordedEvent, SharedLog, conformance::some_events,
    postgres::testing::TestDatabase,
};
use case::{Asked, Batch, Way, batches};
use model::{Entry, Model};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

fn entry(event: &RecordedEvent) -> Entry {
    Entry {
        position: event.position.0,
        stream: event.stream.clone(),
        version: event.version,
        event_type: event.event_type.clone(),
        payload: event.payload.get().to_owned(),
        event_id: event.event_id,
        command_id: event.command_id,
        actor: event.metadata.actor.clone(),
    }
}

fn entries(events: &[RecordedEvent]) -> Vec<Entry> {
    events.iter().map(entry).collect()
}

/// Entries without their payload's filler, for a message that can be read.
fn brief(entries: &[Entry]) -> Vec<(i64, String, u64, String)> {
    entries
        .iter()
        .map(|entry| {
            let payload = entry.payload.chars().take(30).collect();
            (entry.position, entry.stream.to_string(), entry.version, payload)
        })
        .collect()
}

fn same(what: &str, found: &[Entry], expected: &[Entry]) -> Result<(), TestCaseError> {
    let message = format!("{what}: found {:?}, expected {:?}", brief(found), brief(expected));
    if found == expected { Ok(()) } else { Err(TestCaseError::fail(message)) }
}

async fn run(database: &TestDatabase, log: &SharedLog, batches: &[Batch]) -> Result<(), TestCaseError> {
    let start = log.head().await.unwrap();
    let memory = MemoryLog::default();
    if start.0 > 0 {
        // The same positions as on Postgres.
        for _ in 0..start.0 / 10_000 {
            memory
                .append(some_events(&agrodeep_event_store::conformance::fresh_stream(), 0, 10_000))
                .await
                .unwrap();
        }
        let rest = (start.0 % 10_000) as usize;
        if rest > 0 {
            memory
                .append(some_events(&agrodeep_event_store::conformance::fresh_stream(), 0, rest))
                .await
                .unwrap();
        }
    }
    let mut model = Model::new(start.0);
    let mut asked = Asked::new();
    for batch in batches {
        let appends = asked.next(batch, &model);
        let expected = model.append(&appends);
        let verdicts: Vec<AppendOutcome> = match batch.way {
            Way::Chain => {
                log.append_chain(appends.clone()).await.into_iter().collect::<Result<_, _>>().unwrap()
            }
            Way::Statement => statement::append_events(database.pool(), &appends).await.unwrap(),
        };
        prop_assert_eq!(&verdicts, &expected, "the verdicts on {:?}", batch);
        prop_assert_eq!(&memory.append_batch(&appends).unwrap(), &expected, "in memory, on {:?}", batch);
        let whole = log.read(start, 10_000).await.unwrap();
        same("the log", &entries(&whole), &model.entries)?;
    }
    let in_memory = memory.read(start, 10_000).await.unwrap();
    same("the log in memory", &entries(&in_memory), &model.entries)?;
    for stream in asked.streams() {
        let expected: Vec<_> =
            model.entries.iter().filter(|entry| entry.stream == *stream).cloned().collect();
        same("a stream", &entries(&log.load(stream, 0).await.unwrap()), &expected)?;
        same("a stream in memory", &entries(&memory.load(stream, 0).await.unwrap()), &expected)?;
    }
    for append in asked.appends() {
        let (stream, id) = (&append.stream, append.command_id);
        let of_the_command = |entry: &&Entry| entry.command_id == id && entry.stream == *stream;
        let expected: Vec<_> = model.entries.iter().filter(of_the_command).cloned().collect();
        same("a command", &entries(&log.find_command(stream, id).await.unwrap()), &expected)?;
        same("a command in memory", &entries(&memory.find_command(stream, id).await.unwrap()), &expected)?;
    }
    Ok(())
}

#[test]
fn whatever_is_appended_the_log_does_as_the_model_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create());
    let log = runtime.block_on(database.log());
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&batches(), |batches| runtime.block_on(run(&database, &log, &batches)))
        .unwrap_or_else(|failure| panic!("{failure}"));
}
