//! A log is checked and counted, and what was tampered with is found.

#![allow(clippy::unwrap_used)]

use agrodeep_event_store::{
    Append, AppendOutcome, SharedLog, StreamId,
    conformance::{event, some_events},
    integrity::{VerifyReport, stats, verify},
    postgres::{LogLimits, PostgresLog, WRITE_MIGRATIONS, figures, has_log, migrate, testing::TestDatabase},
};
use uuid::Uuid;

/// Five commands of a library: 1 and 2 on one book, 3 and 4 on another, 5 on a reader; 8 events.
async fn some_log(database: &TestDatabase) -> SharedLog {
    let log = database.log().await;
    let (one, other) = (StreamId::new("book", "978-2"), StreamId::new("book", Uuid::now_v7()));
    let reader = StreamId::new("reader", "René");
    let appends = [
        some_events(&one, 0, 1),
        some_events(&one, 1, 2),
        some_events(&other, 0, 1),
        some_events(&other, 1, 3),
        Append { events: vec![event("{}")], ..some_events(&reader, 0, 1) },
    ];
    for append in appends {
        assert!(matches!(log.append(append).await, Ok(AppendOutcome::Appended(_))));
    }
    log
}

/// Does to the table what nobody may.
async fn tamper(database: &TestDatabase, sql: &str) {
    let mut transaction = database.pool().begin().await.unwrap();
    sqlx::query("alter table events disable trigger events_are_for_ever")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let changed = sqlx::query(sql).execute(&mut *transaction).await.unwrap().rows_affected();
    assert!(changed > 0, "{sql}");
    sqlx::query("alter table events enable trigger events_are_for_ever")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

async fn verified(log: &SharedLog) -> VerifyReport {
    verify(log, |_| ()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_log_is_found_sound() {
    let database = TestDatabase::create().await;
    let log = some_log(&database).await;
    let report = verified(&log).await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.events, report.streams, report.head.0), (8, 3, 8));
    assert_eq!(report.hash, verified(&database.log().await).await.hash);

    log.append(some_events(&StreamId::new("book", "new"), 0, 1)).await.unwrap();
    assert_ne!(verified(&log).await.hash, report.hash);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_log_is_sound() {
    let database = TestDatabase::create().await;
    let report = verified(&database.log().await).await;
    assert!(report.is_sound() && report.hash.is_some(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_with_its_position() {
    let cases = [
        (
            "delete from events where position = 4",
            vec!["position 4: position 4 is missing", "position 5: book-"],
        ),
        (
            "delete from events where position in (1, 8)",
            vec![
                "position 1: position 1 is missing",
                "position 2: book-978-2 has version 2 where 1 must be",
                "position 7: the log ends here, but its head says 8",
            ],
        ),
        (
            "update events set sequence = 4 where position = 3",
            vec!["position 3: book-978-2 has version 4 where 3 must be"],
        ),
        (
            "update events set event_id = gen_random_uuid() where position = 3",
            vec!["position 3: the event's id is"],
        ),
        (
            "update events set metadata = '{\"actor\": 1}' where position = 5",
            vec!["position 5: the metadata of the event at position 5", "position 6: book-"],
        ),
        ("delete from events where position > 6", vec!["position 6: the log ends here, but its head says 8"]),
    ];
    for (tampering, expected) in cases {
        let database = TestDatabase::create().await;
        let log = some_log(&database).await;
        tamper(&database, tampering).await;
        let report = verified(&log).await;
        let found: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
        let found = found.iter().map(|problem| problem.replace("the log is damaged: ", ""));
        let found: Vec<_> = found.collect();
        for expected in &expected {
            assert!(
                found.iter().any(|problem| problem.starts_with(expected)),
                "{tampering}: {expected}: {found:#?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_payload_changes_the_hash_and_nothing_else() {
    let database = TestDatabase::create().await;
    let log = some_log(&database).await;
    let before = verified(&log).await;
    tamper(&database, "update events set payload = '{ }' where position = 8").await;
    let after = verified(&log).await;
    assert!(after.is_sound());
    assert_ne!(after.hash, before.hash);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_counted() {
    let database = TestDatabase::create().await;
    let log = some_log(&database).await;
    let stats = stats(&log, |_| ()).await.unwrap();
    assert_eq!((stats.events, stats.streams, stats.head.0), (8, 3, 8));
    let types: Vec<_> =
        stats.types.iter().map(|t| (t.aggregate_type.as_str(), t.streams, t.events)).collect();
    assert_eq!(types, [("book", 2, 7), ("reader", 1, 1)]);
    assert_eq!(stats.types[1].payload_bytes, 2);
    assert_eq!(stats.payload_bytes, stats.types.iter().map(|t| t.payload_bytes).sum::<u64>());
    assert_eq!(
        (stats.longest[0].events, stats.longest[1].stream.as_str(), stats.longest.len()),
        (4, "book-978-2", 3)
    );
    assert_eq!(stats.days.values().sum::<u64>(), 8);
    assert!(stats.first.unwrap() <= stats.last.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_tells_how_much_room_the_log_takes() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    for _ in 0..50 {
        let append = some_events(&StreamId::new("book", Uuid::now_v7()), 0, 100);
        assert!(matches!(log.append(append).await, Ok(AppendOutcome::Appended(_))));
    }
    sqlx::query("vacuum analyze").execute(database.pool()).await.unwrap();
    let figures = figures(database.url()).await.unwrap();
    let tables: Vec<_> = figures.tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(tables, ["events", "log_head"]);
    let events = &figures.tables[0];
    assert_eq!(events.live_rows, 5_000);
    assert!(events.row_bytes > 5_000 * 300 && events.bloat.unwrap() < 0.1, "{events:?}");
    assert_eq!(
        events.index_bytes,
        figures.indexes.iter().filter(|i| i.index.starts_with("events")).map(|i| i.bytes).sum::<i64>()
    );
    assert_eq!(figures.indexes.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_of_the_log_are_made_by_themselves_and_beside_all_others() {
    let database = TestDatabase::create().await;
    let other = database.url().replace(database.name(), "log_alone");
    sqlx::query("create database log_alone").execute(database.pool()).await.unwrap();
    assert_eq!(has_log(&other).await, Ok(false));
    migrate(&other).await.unwrap();
    assert_eq!(has_log(&other).await, Ok(true));
    migrate(&other).await.unwrap();
    let pool = sqlx::PgPool::connect(&other).await.unwrap();
    let accounts: Option<String> =
        sqlx::query_scalar("select to_regclass('accounts')::text").fetch_one(&pool).await.unwrap();
    assert_eq!(accounts, None, "a log needs no accounts");
    WRITE_MIGRATIONS.run(&pool).await.unwrap();
    migrate(&other).await.unwrap();
    assert!(
        verified(
            &(std::sync::Arc::new(PostgresLog::open(&other, LogLimits::default()).await.unwrap())
                as SharedLog)
        )
        .await
        .is_sound()
    );
}
