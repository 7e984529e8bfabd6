//! States that are kept beside the log: with them and without, everything is the same.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use agrodeep_commands::{ExecuteError, Executor, executor::ExecutorSettings};
use agrodeep_domain::{
    Aggregate, Currency, Money, OrderId, Product, Quantity, evolution,
    product::{CommitHold, CountStock, HoldStock, ProductCommand, ProductEvent, ReleaseHold, RepriceProduct},
};
use agrodeep_event_store::{
    Append, MemoryLog, Metadata, NewEvent, SharedLog, Snapshot, StreamId, postgres::testing::TestDatabase,
};
use chrono::{DateTime, Utc};
use proptest::{collection::vec, prelude::*};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::fixtures::{self, context, producer};

fn order(number: u8) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number.into()))
}

fn tomatoes(id: Uuid) -> ProductCommand {
    fixtures::tomatoes(id, 50).into()
}

fn hold(number: u8, quantity: u8) -> ProductCommand {
    HoldStock {
        order_id: order(number),
        quantity: Quantity::whole(quantity.into()).unwrap(),
        expires_at: DateTime::from_timestamp(1_900_000_000, 0).unwrap(),
    }
    .into()
}

fn count(on_hand: u16) -> ProductCommand {
    CountStock { producer_id: producer(), on_hand: Quantity::whole(on_hand.into()).unwrap() }.into()
}

fn any_command() -> impl Strategy<Value = ProductCommand> {
    prop_oneof![
        3 => (0..6u8, 1..30u8).prop_map(|(number, quantity)| hold(number, quantity)),
        2 => (0..6u8).prop_map(|number| ReleaseHold { order_id: order(number) }.into()),
        1 => (0..6u8).prop_map(|number| CommitHold { order_id: order(number) }.into()),
        1 => (0..200u16).prop_map(count),
        1 => (1..900i64).prop_map(|hundredths| {
            let price = Money::from_hundredths(hundredths, Currency::EUR).unwrap();
            RepriceProduct { producer_id: producer(), price }.into()
        }),
    ]
}

fn executor(log: &SharedLog, every: u32) -> Executor {
    let settings =
        ExecutorSettings { snapshot_every_events: NonZeroU32::new(every), ..ExecutorSettings::default() };
    Executor::with_settings(log.clone(), settings)
}

fn stream(id: Uuid) -> StreamId {
    StreamId::new(Product::TYPE, id)
}

/// The state by the log alone.
async fn folded(log: &SharedLog, id: Uuid) -> (Product, u64) {
    let events = log.load(&stream(id), 0).await.unwrap();
    let mut product = Product::default();
    for event in &events {
        let event: ProductEvent =
            evolution::read(&event.event_type, &event.event_version, event.payload.get()).unwrap();
        product.apply(&event);
    }
    (product, events.len() as u64)
}

/// The state as a process has it that has just been started.
async fn loaded(log: &SharedLog, id: Uuid) -> (Product, u64) {
    let versioned = executor(log, 100_000).state::<Product>(id).await.unwrap();
    (versioned.state, versioned.version)
}

async fn kept_version(log: &SharedLog, id: Uuid) -> Option<u64> {
    let resumed = log.snapshots().unwrap().resume(&stream(id), Product::STATE_FORM).await.unwrap();
    resumed.begin.map(|(snapshot, _)| snapshot.version)
}

/// Waits until a state of this version, or a later one, is kept.
async fn until_kept(log: &SharedLog, id: Uuid, version: u64) -> u64 {
    loop {
        match kept_version(log, id).await {
            Some(kept) if kept >= version => return kept,
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// A product with so many events, counted again and again.
async fn counted(executor: &Executor, events: u16) -> Uuid {
    let id = Uuid::now_v7();
    executor.execute::<Product>(id, tomatoes(id), context()).await.unwrap();
    for number in 1..events {
        executor.execute::<Product>(id, count(number), context()).await.unwrap();
    }
    id
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn with_states_kept_every_history_is_as_without(
        steps in vec((any_command(), any::<bool>()), 1..80),
        every in 1..7u32,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let with: SharedLog = Arc::new(MemoryLog::default());
            let without: SharedLog = Arc::new(MemoryLog::default());
            let id = Uuid::now_v7();
            let (mut ours, plain) = (executor(&with, every), executor(&without, 0));
            for executor in [&ours, &plain] {
                executor.execute::<Product>(id, tomatoes(id), context()).await.unwrap();
            }
            for (command, restarted) in steps {
                let came = ours.execute::<Product>(id, command.clone(), context()).await;
                let expected = plain.execute::<Product>(id, command, context()).await;
                let told = |result: Result<agrodeep_commands::Executed<Product>, _>| {
                    result.map(|executed| (executed.events, executed.version))
                };
                assert_eq!(told(came), told(expected));
                if restarted {
                    tokio::task::yield_now().await;
                    ours = executor(&with, every);
                }
            }
            let expected = folded(&without, id).await;
            assert_eq!(folded(&with, id).await, expected);
            assert_eq!(loaded(&with, id).await, expected);
            if let Some(kept) = kept_version(&with, id).await {
                assert!(kept <= expected.1);
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_stream_is_kept_while_it_grows_and_when_it_is_loaded() {
    let log = TestDatabase::create().await.log().await;
    let id = counted(&executor(&log, 10), 25).await;
    assert!(until_kept(&log, id, 10).await <= 25);
    assert_eq!(loaded(&log, id).await, folded(&log, id).await);

    // One that grew while nobody kept anything is kept by whoever loads it next.
    let id = counted(&executor(&log, 0), 25).await;
    assert_eq!(kept_version(&log, id).await, None);
    executor(&log, 10).state::<Product>(id).await.unwrap();
    assert_eq!(until_kept(&log, id, 25).await, 25);
    assert_eq!(loaded(&log, id).await, folded(&log, id).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_was_kept_is_really_used() {
    let log = TestDatabase::create().await.log().await;
    let id = counted(&executor(&log, 0), 5).await;
    let last = log.load(&stream(id), 4).await.unwrap().remove(0);
    // Whole, of today's form, and untrue: it shows where the state came from.
    let (mut product, _) = folded(&log, id).await;
    product.on_hand = Quantity::whole(4711).unwrap();
    let state = serde_json::value::to_raw_value(&product).unwrap();
    let untrue = Snapshot::new(stream(id), Product::STATE_FORM, 5, last.command_id, state);
    log.snapshots().unwrap().keep(untrue).await.unwrap();
    assert_eq!(loaded(&log, id).await, (product, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_of_another_form_is_passed_over_and_replaced() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let id = counted(&executor(&log, 0), 12).await;
    let last = log.load(&stream(id), 11).await.unwrap().remove(0);
    let older = RawValue::from_string("{\"on_hand\":\"of an older form\"}".to_owned()).unwrap();
    let stale = Snapshot::new(stream(id), Product::STATE_FORM - 1, 12, last.command_id, older);
    log.snapshots().unwrap().keep(stale).await.unwrap();
    let versioned = executor(&log, 10).state::<Product>(id).await.unwrap();
    assert_eq!((versioned.state, versioned.version), folded(&log, id).await);
    assert_eq!(until_kept(&log, id, 12).await, 12);
    let forms: Vec<i32> =
        sqlx::query_scalar("select form from snapshots").fetch_all(database.pool()).await.unwrap();
    assert_eq!(forms, [Product::STATE_FORM.cast_signed()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_state_is_dropped_and_the_stream_read_from_its_beginning() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    for damage in [
        // Another state that could be read; one that could not; none; and a checksum that is none.
        "update snapshots set state = replace(state::text, '\"delisted\":false', '\"delisted\":true')::json",
        "update snapshots set state = '{\"on_hand\":true}'",
        "update snapshots set state = 'null'",
        "update snapshots set checksum = ''",
    ] {
        let id = counted(&executor(&log, 10), 25).await;
        until_kept(&log, id, 10).await;
        let damaged = sqlx::query(damage).execute(database.pool()).await.unwrap();
        assert!(damaged.rows_affected() > 0);
        // Asked by a process that keeps none, so that nothing takes its place.
        assert_eq!(
            executor(&log, 0).state::<Product>(id).await.unwrap().state,
            folded(&log, id).await.0,
            "{damage}"
        );
        assert_eq!(kept_version(&log, id).await, None, "{damage}");
        executor(&log, 10).state::<Product>(id).await.unwrap();
        assert_eq!(until_kept(&log, id, 25).await, 25);
        assert_eq!(loaded(&log, id).await, folded(&log, id).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_write_to_one_aggregate_keep_only_what_is_in_the_log() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let id = counted(&executor(&log, 0), 1).await;
    let mut processes = Vec::new();
    for process in 0..3u8 {
        let executor = executor(&database.log().await, 5);
        processes.extend((0..4u8).map(|writer| {
            let executor = executor.clone();
            tokio::spawn(async move {
                for round in 0..20u8 {
                    let number = process * 4 + writer;
                    let command = match round % 2 {
                        0 => hold(number, 1),
                        _ => ReleaseHold { order_id: order(number) }.into(),
                    };
                    // Others are faster: then again.
                    let context = context();
                    while let Err(error) =
                        executor.execute::<Product>(id, command.clone(), context.clone()).await
                    {
                        assert_eq!(error, ExecuteError::Contended);
                    }
                }
            })
        }));
    }
    for process in processes {
        process.await.unwrap();
    }
    let expected = folded(&log, id).await;
    assert_eq!(expected.1, 1 + 3 * 4 * 20);
    until_kept(&log, id, 5).await;
    assert_eq!(loaded(&log, id).await, expected);
    let not_in_the_log: i64 = sqlx::query_scalar(
        "select count(*) from snapshots s where not exists (
             select from events e where (e.aggregate_type, e.aggregate_id, e.sequence, e.command_id)
                                      = (s.aggregate_type, s.aggregate_id, s.version, s.command_id))",
    )
    .fetch_one(database.pool())
    .await
    .unwrap();
    assert_eq!(not_in_the_log, 0);
}

#[tokio::test]
async fn an_event_of_an_unknown_version_stops_its_aggregate_alone_and_is_named() {
    let log: SharedLog = Arc::new(MemoryLog::default());
    let executor = executor(&log, 10);
    let (good, newer) = (counted(&executor, 2).await, counted(&executor, 2).await);
    let command_id = Uuid::now_v7();
    let event = NewEvent {
        event_type: "ProductRepriced".into(),
        event_version: "7".into(),
        payload: RawValue::from_string("{\"ProductRepriced\":{\"cents\":450}}".to_owned()).unwrap(),
    };
    let metadata = Metadata {
        actor: "system:tomorrow".to_owned(),
        correlation_id: command_id,
        causation_id: command_id,
        traceparent: None,
        occurred_at: Utc::now(),
        other: [].into(),
    };
    let append =
        Append { stream: stream(newer), expected_version: 2, command_id, events: vec![event], metadata };
    log.append(append).await.unwrap();
    let error = executor.execute::<Product>(newer, count(1), context()).await.unwrap_err();
    let ExecuteError::Damaged(why) = error else { panic!("{error:?}") };
    assert_eq!(why, "the event at position 5: version 7 of ProductRepriced is unknown: the newest is 1");
    executor.execute::<Product>(good, count(7), context()).await.unwrap();
}
