//! The conformance suite on Postgres, and what only the log on Postgres promises.

#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agrodeep_event_store::{
    AppendOutcome, LogError, Position,
    conformance::{self, event, fresh_stream, some_events},
    postgres::testing::TestDatabase,
};

/// 1, 2, 3 …, in the order of each stream's versions, and the head at the last one.
async fn assert_dense(database: &TestDatabase) {
    let (count, last, head): (i64, i64, i64) = sqlx::query_as(
        "select count(*), coalesce(max(position), 0), (select position from log_head) from events",
    )
    .fetch_one(database.pool())
    .await
    .unwrap();
    assert_eq!((count, head), (last, last), "positions have holes");
    let disorder: i64 = sqlx::query_scalar(
        "select count(*) from (select sequence, row_number() over (partition by aggregate_type, aggregate_id \
         order by position) as expected from events) as numbered where sequence <> expected",
    )
    .fetch_one(database.pool())
    .await
    .unwrap();
    assert_eq!(disorder, 0, "versions do not follow positions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_states_as_promised() {
    conformance::run_snapshots(TestDatabase::create().await.log().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_passes_the_conformance_suite() {
    let database = TestDatabase::create().await;
    conformance::run_all(database.log().await).await;
    assert_dense(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_stay_dense_while_processes_race_and_collide() {
    let database = TestDatabase::create().await;
    let streams: Vec<_> = (0..4).map(|_| fresh_stream()).collect();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        // Each log has its own connections, as another process would.
        let log = database.log().await;
        for writer in 0..8 {
            let (log, stream) = (log.clone(), streams[writer % streams.len()].clone());
            tasks.push(tokio::spawn(async move {
                let (mut done, mut conflicts) = (0, 0);
                while done < 15 {
                    let version = log.load(&stream, 0).await.unwrap().len() as u64;
                    match log.append(some_events(&stream, version, 1 + done % 2)).await.unwrap() {
                        AppendOutcome::Appended(_) => done += 1,
                        AppendOutcome::Conflict { .. } => conflicts += 1,
                        AppendOutcome::AlreadyDone => panic!("a new command cannot have been done"),
                    }
                }
                conflicts
            }));
        }
    }
    let mut conflicts = 0;
    for task in tasks {
        conflicts += task.await.unwrap();
    }
    assert!(conflicts > 0, "nothing collided: the slow path was not tried");
    assert_dense(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_connection_is_cut_is_done_exactly_once() {
    const CUTS: u64 = 20;
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let cutter = {
        let pool = database.pool().clone();
        tokio::spawn(async move {
            let mut cut = 0;
            while cut < CUTS {
                tokio::time::sleep(Duration::from_millis(15)).await;
                let ended = sqlx::query(
                    "select pg_terminate_backend(pid) from pg_stat_activity \
                     where datname = current_database() and application_name = 'agrodeep-append'",
                )
                .execute(&pool)
                .await
                .unwrap();
                cut += ended.rows_affected();
            }
        })
    };
    let cutting = Arc::new(AtomicBool::new(true));
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let (log, cutting) = (log.clone(), cutting.clone());
            tokio::spawn(async move {
                let stream = fresh_stream();
                let mut version = 0;
                while cutting.load(Ordering::Relaxed) {
                    match log.append(some_events(&stream, version, 1)).await {
                        Ok(AppendOutcome::Appended(appended)) => assert_eq!(appended.version, version + 1),
                        other => panic!("{other:?}"),
                    }
                    version += 1;
                }
                version
            })
        })
        .collect();
    cutter.await.unwrap();
    cutting.store(false, Ordering::Relaxed);
    let mut acknowledged = 0;
    for writer in writers {
        acknowledged += writer.await.unwrap();
    }
    let count: i64 =
        sqlx::query_scalar("select count(*) from events").fetch_one(database.pool()).await.unwrap();
    assert_eq!(count as u64, acknowledged);
    assert_dense(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_cannot_take_fails_alone() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let tasks: Vec<_> = (0..20)
        .map(|index| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut append = some_events(&fresh_stream(), 0, 1);
                if index == 7 {
                    // Postgres takes no NUL in a text column.
                    append.events[0].event_type = "Nul\0".into();
                }
                (index, log.append(append).await)
            })
        })
        .collect();
    for task in tasks {
        let (index, outcome) = task.await.unwrap();
        if index == 7 {
            assert!(matches!(outcome, Err(LogError::Invalid(_))), "{outcome:?}");
        } else {
            assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))), "{outcome:?}");
        }
    }
    assert_dense(&database).await;
}

#[tokio::test]
async fn a_payload_over_the_limit_is_refused_and_one_of_a_megabyte_is_not() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let mut append = some_events(&fresh_stream(), 0, 1);
    append.events = vec![event(&format!("\"{}\"", "x".repeat(1024 * 1024 - 2)))];
    assert!(matches!(log.append(append.clone()).await, Ok(AppendOutcome::Appended(_))));
    append.stream = fresh_stream();
    append.events = vec![event(&format!("\"{}\"", "x".repeat(1024 * 1024)))];
    assert!(matches!(log.append(append).await, Err(LogError::Invalid(_))));
}

#[tokio::test]
async fn events_can_be_neither_changed_nor_removed() {
    let database = TestDatabase::create().await;
    database.log().await.append(some_events(&fresh_stream(), 0, 1)).await.unwrap();
    for tampering in ["update events set payload = '{}'", "delete from events", "truncate events"] {
        assert!(sqlx::query(tampering).execute(database.pool()).await.is_err(), "{tampering}");
    }
}

#[tokio::test]
async fn another_process_hears_of_an_append() {
    let database = TestDatabase::create().await;
    let (one, other) = (database.log().await, database.log().await);
    // Beyond the first few milliseconds, in which the other has yet to begin to listen.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let waiting =
        tokio::spawn(async move { other.wait_beyond(Position::START, Duration::from_secs(30)).await });
    one.append(some_events(&fresh_stream(), 0, 1)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
}
