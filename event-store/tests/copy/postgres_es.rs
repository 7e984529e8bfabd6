//! From the table of an application that uses `postgres-es`.

use agrodeep_event_store::{
    Position, RecordedEvent, SharedLog,
    copy::{Copied, CopyError, EventOrder, PostgresEsOptions, PostgresEsSource, copy},
    integrity::verify,
    postgres::{migrate, testing::TestDatabase},
};

use crate::all;

/// A table as `postgres-es` has it, in a schema of its own: `count` aggregates of three events each, in turns.
async fn stock_table(database: &TestDatabase, count: i32) {
    sqlx::query("create schema stock").execute(database.pool()).await.unwrap();
    sqlx::query(
        "create table stock.events (aggregate_type text not null, aggregate_id text not null,
             sequence bigint check (sequence >= 0) not null, event_type text not null, event_version text not null,
             payload json not null, metadata json not null, primary key (aggregate_type, aggregate_id, sequence))",
    )
    .execute(database.pool())
    .await
    .unwrap();
    sqlx::query(
        "insert into stock.events
         select 'account', 'ACCT-' || id, sequence, 'Moved' || sequence, '1.0', json_build_object('n', sequence),
                json_build_object('time', timestamptz '2024-01-01Z' + interval '1 minute' * (sequence * 1000 + id),
                                  'actor', 'clerk', 'request', 'r' || id)
         from generate_series(1, $1) as id, generate_series(1, 3) as sequence",
    )
    .bind(count)
    .execute(database.pool())
    .await
    .unwrap();
}

fn by_time() -> PostgresEsOptions {
    PostgresEsOptions {
        table: "stock.events".to_owned(),
        order: EventOrder::ByMetadataTime("time".to_owned()),
    }
}

fn by_aggregate() -> PostgresEsOptions {
    PostgresEsOptions { order: EventOrder::ByAggregate, ..by_time() }
}

async fn copied(
    from: &TestDatabase,
    options: &PostgresEsOptions,
    to: &SharedLog,
) -> Result<Copied, CopyError> {
    let mut source = PostgresEsSource::open(from.url(), options).await.unwrap();
    copy(&mut source, to, |_| ()).await
}

fn names(events: &[RecordedEvent]) -> Vec<String> {
    events.iter().map(|event| format!("{}:{}", event.stream, event.version)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_postgres_es_becomes_a_log_in_the_order_of_its_times() {
    let (old, new) = (TestDatabase::create().await, TestDatabase::create().await);
    stock_table(&old, 1_500).await;
    let log = new.log().await;
    let report = copied(&old, &by_time(), &log).await.unwrap();
    assert_eq!(report.events, 4_500);
    let events = all(&log).await;
    assert_eq!(names(&events[..2]), ["account-ACCT-1:1", "account-ACCT-2:1"]);
    assert!(events.is_sorted_by_key(|event| event.metadata.occurred_at));
    assert_eq!(events[0].metadata.occurred_at.to_string(), "2024-01-01 16:41:00 UTC");
    assert_eq!((events[0].event_type.as_str(), events[0].event_version.as_str()), ("Moved1", "1.0"));
    assert_eq!(events[0].payload.get(), "{\"n\" : 1}");
    assert_eq!(
        (events[0].metadata.actor.as_str(), events[0].metadata.other["request"].as_str()),
        ("clerk", "r1")
    );
    assert!(verify(&log, |_| ()).await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_times_aggregates_come_one_after_the_other_and_copying_again_goes_on() {
    let (old, new) = (TestDatabase::create().await, TestDatabase::create().await);
    stock_table(&old, 10).await;
    let log = new.log().await;
    let first = copied(&old, &by_aggregate(), &log).await.unwrap();
    assert_eq!(
        names(&all(&log).await[..5]),
        [
            "account-ACCT-1:1",
            "account-ACCT-1:2",
            "account-ACCT-1:3",
            "account-ACCT-10:1",
            "account-ACCT-10:2"
        ]
    );

    sqlx::query("insert into stock.events select aggregate_type, 'ACCT-99', sequence, event_type, event_version, payload, metadata from stock.events where aggregate_id = 'ACCT-9'")
        .execute(old.pool()).await.unwrap();
    let again = copied(&old, &by_aggregate(), &log).await.unwrap();
    assert_eq!((again.already_there, again.events), (first.events, first.events + 3));

    // What does not come last in the order cannot be added to a log.
    sqlx::query("insert into stock.events select aggregate_type, 'ACCT-0', sequence, event_type, event_version, payload, metadata from stock.events where aggregate_id = 'ACCT-9'")
        .execute(old.pool()).await.unwrap();
    let error = copied(&old, &by_aggregate(), &log).await.unwrap_err();
    assert!(matches!(error, CopyError::OtherEvents { event: 1, .. }), "{error}");
    assert_eq!(log.head().await.unwrap(), Position(33));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_that_goes_backwards_does_not_turn_an_aggregate_round() {
    let (old, new) = (TestDatabase::create().await, TestDatabase::create().await);
    stock_table(&old, 3).await;
    sqlx::query("update stock.events set metadata = '{\"time\": \"2020-01-01T00:00:00Z\"}' where sequence = 2 and aggregate_id = 'ACCT-2'")
        .execute(old.pool()).await.unwrap();
    let log = new.log().await;
    copied(&old, &by_time(), &log).await.unwrap();
    let events = all(&log).await;
    assert_eq!(
        names(&events[..4]),
        ["account-ACCT-1:1", "account-ACCT-2:1", "account-ACCT-2:2", "account-ACCT-3:1"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_ended_in_the_middle_goes_on() {
    let (old, new) = (TestDatabase::create().await, TestDatabase::create().await);
    stock_table(&old, 4_000).await;
    let (url, log) = (old.url().to_owned(), new.log().await);
    let target = log.clone();
    let copying = tokio::spawn(async move {
        let mut source = PostgresEsSource::open(&url, &by_time()).await.unwrap();
        copy(&mut source, &target, |_| ()).await
    });
    while log.head().await.unwrap() == Position::START {
        tokio::task::yield_now().await;
    }
    copying.abort();
    assert!(copying.await.unwrap_err().is_cancelled(), "it came to its end");
    let again = copied(&old, &by_time(), &new.log().await).await.unwrap();
    assert!((1..12_000).contains(&again.already_there), "{again:?}");
    assert_eq!((again.events, all(&log).await.len()), (12_000, 12_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_another_application_is_no_place_for_a_log() {
    let database = TestDatabase::create().await;
    sqlx::query("create database another").execute(database.pool()).await.unwrap();
    let url = database.url().replace(database.name(), "another");
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::query("create table events (id bigint)").execute(&pool).await.unwrap();
    let refused = migrate(&url).await.unwrap_err();
    assert!(refused.to_string().contains("a table `events` that is no log"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_as_it_must_be_is_named() {
    let old = TestDatabase::create().await;
    stock_table(&old, 3).await;
    let refusal = async |options: &PostgresEsOptions| {
        PostgresEsSource::open(old.url(), options).await.err().unwrap().to_string()
    };
    let missing = refusal(&PostgresEsOptions { table: "stock.nothing".to_owned(), ..by_time() }).await;
    assert!(missing.contains("stock.nothing\" does not exist"), "{missing}");
    let key = EventOrder::ByMetadataTime("when".to_owned());
    let untimed = refusal(&PostgresEsOptions { order: key, ..by_time() }).await;
    assert!(
        untimed.contains("the metadata of account-ACCT-1, sequence 1, has no time under `when`"),
        "{untimed}"
    );

    for (change, expected) in [
        (
            "update stock.events set aggregate_type = 'bank-account' where aggregate_id = 'ACCT-3'",
            "`bank-account-ACCT-3`: a stream is named",
        ),
        (
            "update stock.events set metadata = '{\"n\": 1}' where aggregate_id = 'ACCT-3'",
            "the metadata of account-ACCT-3, sequence 1",
        ),
        (
            "delete from stock.events where sequence = 1 and aggregate_id = 'ACCT-1'",
            "account-ACCT-1 at version 0, the copy at 1",
        ),
    ] {
        let (old, new) = (TestDatabase::create().await, TestDatabase::create().await);
        stock_table(&old, 3).await;
        sqlx::query(change).execute(old.pool()).await.unwrap();
        let error = copied(&old, &by_aggregate(), &new.log().await).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
