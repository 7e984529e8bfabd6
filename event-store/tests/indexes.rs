//! Nothing that the log asks reads the whole table, also in a session that has prepared its statements, and planned its first
//! calls, while the table was empty.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use agrodeep_event_store::{
    Append, AppendOutcome, Position, SharedLog, Snapshot, StreamId,
    conformance::{fresh_stream, some_events},
    postgres::testing::TestDatabase,
};
use serde_json::value::RawValue;
use sqlx::PgPool;
use uuid::Uuid;

const EVENTS_PER_STREAM: i64 = 50;
const STREAMS: i64 = 1000;

#[derive(Debug, PartialEq, Eq)]
struct Scans {
    sequential: i64,
    by_index: i64,
}

/// How the table was read so far, by sessions that have ended.
async fn scans(pool: &PgPool) -> Scans {
    let (sequential, by_index) = sqlx::query_as(
        "select seq_scan, coalesce(idx_scan, 0) from pg_stat_user_tables where relname = 'events'",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    Scans { sequential, by_index }
}

/// A session tells its counts at its end, at the latest.
async fn end(log: SharedLog, pool: &PgPool) {
    drop(log);
    until_nobody_is_here(pool, "application_name like 'agrodeep-%'").await;
}

/// Ends the sessions that made the table and its indexes, so that their counts are told.
async fn end_all_others(pool: &PgPool) {
    let mut session = pool.acquire().await.unwrap();
    let others = "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query("select pg_stat_force_next_flush()").execute(&mut *session).await.unwrap();
    sqlx::query(others).execute(&mut *session).await.unwrap();
    until_nobody_is_here(&mut *session, "pid <> pg_backend_pid()").await;
}

async fn until_nobody_is_here<'a, E>(sessions: E, of_whom: &str)
where
    E: sqlx::Acquire<'a, Database = sqlx::Postgres>,
{
    let mut session = sessions.acquire().await.unwrap();
    let count =
        format!("select count(*) from pg_stat_activity where datname = current_database() and {of_whom}");
    while sqlx::query_scalar::<_, i64>(&count).fetch_one(&mut *session).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Many streams at once; their first command's id is made of the stream's number.
async fn fill(pool: &PgPool) {
    let metadata = serde_json::to_string(&some_events(&fresh_stream(), 0, 1).metadata).unwrap();
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
             event_id, command_id, position) \
         select 'filled', md5('stream' || stream)::uuid::text, sequence, 'Happened', '1', '{}', $1::text::json, \
             md5('event' || stream || '.' || sequence)::uuid, md5('event' || stream || '.' || sequence)::uuid, \
             (select position from log_head) + row_number() over (order by sequence, stream) \
         from generate_series(1, $2) as stream, generate_series(1, $3) as sequence",
    )
    .bind(metadata)
    .bind(STREAMS)
    .bind(EVENTS_PER_STREAM)
    .execute(pool)
    .await
    .unwrap();
    sqlx::query("update log_head set position = (select max(position) from events)")
        .execute(pool)
        .await
        .unwrap();
}

/// The stream that was filled as this one's number, and the command of one of its events.
async fn filled(pool: &PgPool, stream: i64, sequence: i64) -> (StreamId, Uuid) {
    let (id, command_id): (Uuid, Uuid) = sqlx::query_as(
        "select md5('stream' || $1::bigint)::uuid, md5('event' || $1::bigint || '.' || $2::bigint)::uuid",
    )
    .bind(stream)
    .bind(sequence)
    .fetch_one(pool)
    .await
    .unwrap();
    (format!("filled-{id}").parse().unwrap(), command_id)
}

/// Every way through the port, often enough that the server has chosen the plan that it keeps.
async fn exercise(log: &SharedLog) {
    for _ in 0..12 {
        let stream = fresh_stream();
        let first = some_events(&stream, 0, 2);
        let appended = log.append(first.clone()).await.unwrap();
        assert!(matches!(appended, AppendOutcome::Appended(_)));
        assert_eq!(log.append(first.clone()).await.unwrap(), appended);
        let stale = log.append(some_events(&stream, 0, 1)).await.unwrap();
        assert_eq!(stale, AppendOutcome::Conflict { actual_version: 2 });
        let elsewhere = log.append(Append { stream: fresh_stream(), ..first.clone() }).await.unwrap();
        assert_eq!(elsewhere, AppendOutcome::AlreadyDone);
        let chain = vec![some_events(&stream, 2, 1), some_events(&stream, 3, 1)];
        assert!(log.append_chain(chain).await.iter().all(Result::is_ok));
        assert_eq!(log.load(&stream, 1).await.unwrap().len(), 3);
        assert_eq!(log.find_command(&stream, first.command_id).await.unwrap().len(), 2);
        assert!(log.find_command(&stream, Uuid::now_v7()).await.unwrap().is_empty());
        let state = Snapshot::new(stream.clone(), 1, 2, first.command_id, RawValue::NULL.to_owned());
        let snapshots = log.snapshots().unwrap();
        for _ in 0..2 {
            snapshots.keep(state.clone()).await.unwrap();
            assert_eq!(snapshots.resume(&stream, 1).await.unwrap().events.len(), 2);
        }
        assert_eq!(snapshots.resume(&stream, 2).await.unwrap().events.len(), 4);
        snapshots.forget(&state).await.unwrap();
        let head = log.head().await.unwrap();
        assert_eq!(log.read(Position(head.0 - 2), 10).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn on_an_empty_log_everything_goes_through_an_index() {
    let database = TestDatabase::create().await;
    end_all_others(database.pool()).await;
    let before = scans(database.pool()).await;
    let log = database.log().await;
    exercise(&log).await;
    end(log, database.pool()).await;
    let after = scans(database.pool()).await;
    assert_eq!(after.sequential, before.sequential, "the whole table was read");
    assert!(after.by_index > before.by_index, "nothing was counted");
}

#[tokio::test]
async fn a_session_from_when_the_log_was_empty_goes_through_an_index_when_it_is_large() {
    let database = TestDatabase::create().await;
    end_all_others(database.pool()).await;
    let log = database.log().await;
    exercise(&log).await;
    fill(database.pool()).await;
    let before = scans(database.pool()).await;

    exercise(&log).await;
    for number in 1..12 {
        let (stream, command_id) = filled(database.pool(), number * 80, 7).await;
        assert_eq!(log.find_command(&stream, command_id).await.unwrap().len(), 1);
        assert_eq!(log.load(&stream, 0).await.unwrap().len(), EVENTS_PER_STREAM as usize);
        let state = Snapshot::new(stream.clone(), 1, 7, command_id, RawValue::NULL.to_owned());
        log.snapshots().unwrap().keep(state).await.unwrap();
        let resumed = log.snapshots().unwrap().resume(&stream, 1).await.unwrap();
        assert_eq!(resumed.events.len() as i64, EVENTS_PER_STREAM - 7);
        let next = log.append(some_events(&stream, EVENTS_PER_STREAM as u64, 1)).await.unwrap();
        assert!(matches!(next, AppendOutcome::Appended(_)), "{next:?}");
        let again = Append { command_id, ..some_events(&stream, EVENTS_PER_STREAM as u64 + 1, 1) };
        assert_eq!(log.append(again).await.unwrap(), AppendOutcome::AlreadyDone);
        assert_eq!(log.read(Position(number * 4000), 100).await.unwrap().len(), 100);
    }
    end(log, database.pool()).await;
    let after = scans(database.pool()).await;
    assert_eq!(after.sequential, before.sequential, "the whole table was read");
    assert!(after.by_index > before.by_index + 100, "{before:?} {after:?}");
}

/// Control: what is missing here would be counted.
#[tokio::test]
async fn control_without_its_index_a_read_is_counted() {
    let database = TestDatabase::create().await;
    sqlx::query("drop index events_position").execute(database.pool()).await.unwrap();
    end_all_others(database.pool()).await;
    let before = scans(database.pool()).await;
    let log = database.log().await;
    exercise(&log).await;
    end(log, database.pool()).await;
    assert!(scans(database.pool()).await.sequential > before.sequential);
}
