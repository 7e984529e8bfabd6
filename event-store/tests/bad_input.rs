//! What should never be asked, or never be in the table: it is refused with figures or reported with its place, alone, and
//! everything else goes on.

#![allow(clippy::unwrap_used)]

#[path = "properties/statement.rs"]
mod statement;

use agrodeep_event_store::{
    Append, AppendOutcome, Appended, EventLog, LogError, MemoryLog, Position, SharedLog, StreamId,
    conformance::{event, fresh_stream, some_events},
    postgres::testing::TestDatabase,
};
use chrono::{DateTime, Utc};

fn with_payload(payload: String) -> Append {
    Append { events: vec![event(&payload)], ..some_events(&fresh_stream(), 0, 1) }
}

/// A JSON string of exactly so many bytes, that does not compress to nothing.
fn text_of(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes);
    text.push('"');
    let mut state = 1_u64;
    while text.len() < bytes - 1 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(b'a' + (state >> 60) as u8));
    }
    text.push('"');
    text
}

fn invalid(outcome: Result<AppendOutcome, LogError>) -> String {
    match outcome {
        Err(LogError::Invalid(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

fn appended(outcome: Result<AppendOutcome, LogError>) -> Appended {
    match outcome {
        Ok(AppendOutcome::Appended(appended)) => appended,
        other => panic!("not appended: {other:?}"),
    }
}

/// Both logs refuse `append`; what is asked of Postgres at the same moment is done.
async fn refused_alone(database: &TestDatabase, append: Append) -> String {
    let log = database.log().await;
    let neighbours: Vec<_> = (0..10)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.append(some_events(&fresh_stream(), 0, 1)).await })
        })
        .collect();
    let in_memory = invalid(MemoryLog::default().append(append.clone()).await);
    let refused = invalid(log.append(append.clone()).await);
    assert_eq!(refused, in_memory);
    for neighbour in neighbours {
        appended(neighbour.await.unwrap());
    }
    appended(log.append(some_events(&fresh_stream(), 0, 1)).await);
    assert!(log.load(&append.stream, 0).await.unwrap().is_empty());
    refused
}

#[tokio::test]
async fn payloads_up_to_a_megabyte_come_back_byte_for_byte() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    for bytes in [8_192, 100_000, 1024 * 1024] {
        let append = with_payload(text_of(bytes));
        appended(log.append(append.clone()).await);
        let events = log.load(&append.stream, 0).await.unwrap();
        assert_eq!(events[0].payload.get(), append.events[0].payload.get());
        assert_eq!(events[0].payload.get().len(), bytes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_over_a_megabyte_is_refused_with_its_size_and_the_limit() {
    let database = TestDatabase::create().await;
    let why = refused_alone(&database, with_payload(text_of(1024 * 1024 + 1))).await;
    assert!(why.contains("1048577 bytes") && why.contains("1048576"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_events_are_one_append_and_one_more_is_refused() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let append = some_events(&fresh_stream(), 0, 10_000);
    let done = appended(log.append(append.clone()).await);
    assert_eq!((done.version, done.position), (10_000, Position(10_000)));
    assert_eq!(appended(log.append(append.clone()).await), done, "the same again");
    assert_eq!(log.load(&append.stream, 0).await.unwrap().len(), 10_000);
    assert_eq!(log.find_command(&append.stream, append.command_id).await.unwrap().len(), 10_000);

    let why = refused_alone(&database, some_events(&fresh_stream(), 0, 10_001)).await;
    assert!(why.contains("10000") && why.contains("10001"), "{why}");
}

#[tokio::test]
async fn a_wrong_version_in_the_middle_of_a_batch_takes_only_its_own_stream_along() {
    let database = TestDatabase::create().await;
    let (good, bad) = (fresh_stream(), fresh_stream());
    let batch = [
        some_events(&good, 0, 2),
        some_events(&bad, 0, 1),
        some_events(&bad, 5, 1),
        some_events(&bad, 1, 1),
        some_events(&good, 2, 1),
    ];
    let verdicts = statement::append_events(database.pool(), &batch).await.unwrap();
    let done =
        |position, version| AppendOutcome::Appended(Appended { position: Position(position), version });
    let conflict = AppendOutcome::Conflict { actual_version: 1 };
    assert_eq!(verdicts, [done(2, 2), done(3, 1), conflict, conflict, done(4, 3)]);

    // Through the port, as a chain.
    let log = database.log().await;
    let chain = vec![some_events(&bad, 1, 1), some_events(&bad, 7, 1), some_events(&bad, 2, 1)];
    let conflict = AppendOutcome::Conflict { actual_version: 2 };
    assert_eq!(log.append_chain(chain).await, [Ok(done(5, 2)), Ok(conflict), Ok(conflict)]);
    assert_eq!(log.head().await.unwrap(), Position(5));
}

#[tokio::test]
async fn a_command_id_twice_in_one_batch_appends_once() {
    let database = TestDatabase::create().await;
    let (one, other) = (fresh_stream(), fresh_stream());
    let first = some_events(&one, 0, 2);
    let done = AppendOutcome::Appended(Appended { position: Position(2), version: 2 });
    let batch = [
        first.clone(),
        // The very same; at another version; on another stream.
        first.clone(),
        Append { expected_version: 2, ..first.clone() },
        Append { stream: other.clone(), ..first.clone() },
    ];
    let verdicts = statement::append_events(database.pool(), &batch).await.unwrap();
    assert_eq!(verdicts, [done, done, AppendOutcome::AlreadyDone, AppendOutcome::AlreadyDone]);

    // In batches of their own, and as a chain.
    let log = database.log().await;
    let chain = vec![first.clone(), Append { expected_version: 2, ..first.clone() }, some_events(&one, 2, 1)];
    let verdicts = log.append_chain(chain).await;
    let conflict = AppendOutcome::Conflict { actual_version: 2 };
    assert_eq!(verdicts, [Ok(done), Ok(AppendOutcome::AlreadyDone), Ok(conflict)]);
    assert_eq!(log.append(Append { stream: other.clone(), ..first }).await, Ok(AppendOutcome::AlreadyDone));
    assert_eq!(log.head().await.unwrap(), Position(2));
    assert!(log.load(&other, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_chain_of_nothing_has_no_verdicts() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    assert!(log.append_chain(vec![]).await.is_empty());
    appended(log.append(some_events(&fresh_stream(), 0, 1)).await);
}

#[tokio::test]
async fn any_json_text_comes_back_as_it_was() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    for payload in [
        r#""\u0000""#,
        r#""\ud800 alone""#,
        r#"{"a":1,"a":2}"#,
        "1e400000",
        "-0.0",
        "null",
        " [ 1 ,\t2 ] ",
        "\"\u{7f}\u{ffff}\u{10ffff}\"",
    ] {
        let mut append = with_payload(payload.trim().to_owned());
        append.metadata.actor = "nul\0 and \u{ffff}".to_owned();
        append.metadata.other = [("a\0b".to_owned(), "\u{1}".to_owned())].into();
        appended(log.append(append.clone()).await);
        let events = log.load(&append.stream, 0).await.unwrap();
        assert_eq!(events[0].payload.get(), append.events[0].payload.get());
        assert_eq!(events[0].metadata, append.metadata);
    }
    assert_eq!(log.read(Position::START, 100).await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_that_is_nested_too_deep_for_the_server_fails_alone() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let deep = with_payload(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    let neighbours: Vec<_> = (0..10)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.append(some_events(&fresh_stream(), 0, 1)).await })
        })
        .collect();
    invalid(log.append(deep).await);
    for neighbour in neighbours {
        appended(neighbour.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_could_not_be_read_again_is_refused() {
    let database = TestDatabase::create().await;
    for reserved in ["actor", "correlation_id", "causation_id", "traceparent", "occurred_at"] {
        let mut append = some_events(&fresh_stream(), 0, 1);
        append.metadata.other.insert(reserved.to_owned(), "mine".to_owned());
        let why = refused_alone(&database, append).await;
        assert!(why.contains(reserved), "{why}");
    }
    for occurred_at in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
        let mut append = some_events(&fresh_stream(), 0, 1);
        append.metadata.occurred_at = occurred_at;
        refused_alone(&database, append).await;
    }
    let log = database.log().await;
    assert!(log.read(Position::START, 1000).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_at_their_end_are_refused_or_find_nothing() {
    let database = TestDatabase::create().await;
    let stream = fresh_stream();
    for expected_version in [u64::MAX, i64::MAX as u64, i64::MAX as u64 + 1] {
        refused_alone(&database, Append { expected_version, ..some_events(&stream, 0, 1) }).await;
    }
    let log = database.log().await;
    let head = log.head().await.unwrap();
    let memory: SharedLog = std::sync::Arc::new(MemoryLog::default());
    for _ in 0..head.0 {
        appended(memory.append(some_events(&fresh_stream(), 0, 1)).await);
    }
    for log in [&log, &memory] {
        for after_version in [u64::MAX, i64::MAX as u64] {
            assert!(log.load(&stream, after_version).await.unwrap().is_empty());
        }
        assert!(log.read(Position(i64::MAX), 10).await.unwrap().is_empty());
        assert!(log.read(Position::START, 0).await.unwrap().is_empty());
        assert_eq!(log.read(Position(i64::MIN), usize::MAX).await.unwrap().len(), head.0 as usize);
    }
}

/// An event that somebody else wrote, after `column` was given `value`.
async fn foreign_row(database: &TestDatabase, column: &str, value: &str) -> (Position, StreamId) {
    let stream = fresh_stream();
    let metadata = serde_json::to_string(&some_events(&stream, 0, 1).metadata).unwrap();
    let mut columns: Vec<(&str, String)> = vec![
        ("aggregate_type", "'conformance'".to_owned()),
        ("aggregate_id", format!("'{}'", stream.aggregate_id)),
        ("sequence", "1".to_owned()),
        ("event_type", "'Happened'".to_owned()),
        ("event_version", "'1'".to_owned()),
        ("payload", "'{}'".to_owned()),
        ("metadata", format!("'{metadata}'")),
        ("position", "(select position from log_head)".to_owned()),
        ("event_id", "gen_random_uuid()".to_owned()),
        ("command_id", "gen_random_uuid()".to_owned()),
        ("recorded_at", "now()".to_owned()),
    ];
    if let Some((_, standing)) = columns.iter_mut().find(|(name, _)| *name == column) {
        value.clone_into(standing);
    }
    let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let insert = format!("insert into events ({}) values ({})", names.join(", "), values.join(", "));
    sqlx::query("update log_head set position = position + 1").execute(database.pool()).await.unwrap();
    sqlx::query(&insert).execute(database.pool()).await.unwrap();
    let position: i64 =
        sqlx::query_scalar("select position from log_head").fetch_one(database.pool()).await.unwrap();
    (Position(position), stream)
}

#[tokio::test]
async fn rows_of_unknown_types_and_versions_are_read_as_they_are() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    for (column, value) in [
        ("aggregate_type", "'a type - that nobody knows'"),
        ("event_type", "''"),
        ("event_version", "'9999.beta'"),
        ("payload", "'\"\\u0000\"'"),
    ] {
        let (position, stream) = foreign_row(&database, column, value).await;
        let read = log.read(Position(position.0 - 1), 10).await.unwrap();
        assert_eq!(read.len(), 1, "{column}");
        if column != "aggregate_type" {
            assert_eq!(log.load(&stream, 0).await.unwrap().len(), 1, "{column}");
        }
    }
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_named_by_their_position_and_the_log_goes_on() {
    let metadata_without_actor = "'{\"correlation_id\":\"00000000-0000-0000-0000-000000000000\"}'";
    for (column, value) in [
        ("metadata", "'{}'"),
        ("metadata", "'[]'"),
        ("metadata", "'\"text\"'"),
        ("metadata", "'null'"),
        ("metadata", metadata_without_actor),
        ("recorded_at", "'infinity'"),
        ("recorded_at", "'-infinity'"),
    ] {
        let database = TestDatabase::create().await;
        let log = database.log().await;
        appended(log.append(some_events(&fresh_stream(), 0, 1)).await);
        let (position, stream) = foreign_row(&database, column, value).await;
        for answer in [log.read(Position::START, 10).await, log.load(&stream, 0).await] {
            let Err(LogError::Corrupt(why)) = answer else { panic!("{column} {value}: {answer:?}") };
            assert!(why.contains(&format!("position {position}")), "{why}");
        }
        // Whoever does not ask for it is not hindered by it.
        let mine = fresh_stream();
        let after = appended(log.append(some_events(&mine, 0, 1)).await);
        assert_eq!(after.position, Position(position.0 + 1));
        assert_eq!(log.load(&mine, 0).await.unwrap().len(), 1);
        assert_eq!(log.read(position, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_missing_position_is_named_and_nobody_reads_past_it() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    appended(log.append(some_events(&fresh_stream(), 0, 3)).await);
    sqlx::raw_sql("alter table events disable trigger all; delete from events where position = 2")
        .execute(database.pool())
        .await
        .unwrap();
    let answer = log.read(Position::START, 10).await;
    let Err(LogError::Corrupt(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("position 2 is missing"), "{why}");
}
