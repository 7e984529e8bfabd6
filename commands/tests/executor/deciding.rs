//! The executor on a real log: lanes, conflicts with other processes, repeats.

use std::collections::HashSet;

use agrodeep_commands::{CommandContext, ExecuteError, Executor};
use agrodeep_domain::{
    OrderId, Product, Quantity,
    product::{CountStock, HoldStock, ProductEvent, ProductRefusal, ReleaseHold},
};
use agrodeep_event_store::postgres::testing::TestDatabase;
use chrono::{Duration, Utc};
use uuid::Uuid;

use crate::fixtures::{context, producer, tomatoes};

fn hold(order: u128, quantity: i64) -> HoldStock {
    HoldStock {
        order_id: OrderId::from_uuid(Uuid::from_u128(order)),
        quantity: Quantity::whole(quantity).unwrap(),
        expires_at: Utc::now() + Duration::minutes(30),
    }
}

fn count(on_hand: i64) -> CountStock {
    CountStock { producer_id: producer(), on_hand: Quantity::whole(on_hand).unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_decided_appended_and_seen_afterwards() {
    let database = TestDatabase::create().await;
    let executor = Executor::new(database.log().await);
    let id = Uuid::now_v7();
    let created = executor.execute::<Product>(id, tomatoes(id, 10), context()).await.unwrap();
    assert_eq!((created.version, created.repeated), (1, false));
    let (held, available) = executor
        .execute_with(id, hold(7, 4), context(), |product: &Product| product.available())
        .await
        .unwrap();
    assert_eq!((held.version, available), (2, Quantity::whole(6).unwrap()));
    let state = executor.state::<Product>(id).await.unwrap();
    assert_eq!((state.version, state.position), (2, held.position));
    assert_eq!(state.state.held, Quantity::whole(4).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_appends_nothing_and_says_why() {
    let database = TestDatabase::create().await;
    let executor = Executor::new(database.log().await);
    let id = Uuid::now_v7();
    let refused = executor.execute::<Product>(id, hold(1, 1), context()).await;
    assert_eq!(refused.unwrap_err(), ExecuteError::Refused(ProductRefusal::NoSuchProduct));
    assert_eq!(executor.log().head().await.unwrap().0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_comes_again_gets_its_first_result() {
    let database = TestDatabase::create().await;
    let executor = Executor::new(database.log().await);
    let id = Uuid::now_v7();
    let create = context();
    executor.execute::<Product>(id, tomatoes(id, 10), create.clone()).await.unwrap();
    let hold_context = context();
    let first = executor.execute::<Product>(id, hold(1, 4), hold_context.clone()).await.unwrap();
    executor
        .execute::<Product>(id, ReleaseHold { order_id: OrderId::from_uuid(Uuid::from_u128(1)) }, context())
        .await
        .unwrap();

    // The hold is gone, so deciding anew would hold again; the creation would be refused.
    for executor in [executor.clone(), Executor::new(database.log().await)] {
        let again = executor.execute::<Product>(id, hold(1, 4), hold_context.clone()).await.unwrap();
        assert!(again.repeated);
        assert_eq!(
            (again.version, again.position, &again.events),
            (first.version, first.position, &first.events)
        );
        let again = executor.execute::<Product>(id, tomatoes(id, 10), create.clone()).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.version, 1);
        // An expected version does not stand in the way of a repeat.
        let stale = CommandContext { if_match: Some(1), ..hold_context.clone() };
        assert!(executor.execute::<Product>(id, hold(1, 4), stale).await.unwrap().repeated);
        assert_eq!(executor.state::<Product>(id).await.unwrap().version, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_expected_version_is_refused() {
    let database = TestDatabase::create().await;
    let executor = Executor::new(database.log().await);
    let id = Uuid::now_v7();
    executor.execute::<Product>(id, tomatoes(id, 10), context()).await.unwrap();
    executor
        .execute::<Product>(id, count(20), CommandContext { if_match: Some(1), ..context() })
        .await
        .unwrap();
    let refused =
        executor.execute::<Product>(id, count(30), CommandContext { if_match: Some(1), ..context() }).await;
    assert_eq!(refused.unwrap_err(), ExecuteError::VersionMismatch { actual: 2 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_race_for_the_last_pieces_never_oversell() {
    const STOCK: i64 = 40;
    let database = TestDatabase::create().await;
    let executors = [
        Executor::new(database.log().await),
        Executor::new(database.log().await),
        Executor::new(database.log().await),
    ];
    let id = Uuid::now_v7();
    executors[0].execute::<Product>(id, tomatoes(id, STOCK), context()).await.unwrap();
    let tasks: Vec<_> = (0..120u128)
        .map(|order| {
            let executor = executors[(order % 3) as usize].clone();
            tokio::spawn(async move {
                loop {
                    match executor.execute::<Product>(id, hold(order, 1), context()).await {
                        // Told to try again, a caller does.
                        Err(ExecuteError::Contended) => {}
                        other => return other,
                    }
                }
            })
        })
        .collect();
    let mut held = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(executed) => {
                assert!(matches!(executed.events[..], [ProductEvent::StockHeld(_)]));
                held += 1;
            }
            Err(ExecuteError::Refused(ProductRefusal::InsufficientStock { available })) => {
                assert!(available.is_zero());
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(held, STOCK);
    let state = executors[1].state::<Product>(id).await.unwrap().state;
    assert_eq!((state.available(), state.holds.len()), (Quantity::ZERO, STOCK as usize));
    let events = executors[0].log().read(agrodeep_event_store::Position::START, 1000).await.unwrap();
    let orders: HashSet<_> = events.iter().map(|event| event.command_id).collect();
    assert_eq!(orders.len(), events.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_on_a_state_that_never_came_to_be_is_decided_anew() {
    let database = TestDatabase::create().await;
    let (ours, theirs) = (Executor::new(database.log().await), Executor::new(database.log().await));
    let id = Uuid::now_v7();
    ours.execute::<Product>(id, tomatoes(id, 100), context()).await.unwrap();
    for round in 0..20i64 {
        // Ours remembers the state of the last round; theirs takes all but 3 away behind its back.
        let base = 100 + round;
        ours.execute::<Product>(id, count(base), context()).await.unwrap();
        let release = |order| ReleaseHold { order_id: OrderId::from_uuid(Uuid::from_u128(order)) };
        theirs.execute::<Product>(id, hold(1, base - 3), context()).await.unwrap();
        let attempts: Vec<_> = (10..16u128)
            .map(|order| {
                let ours = ours.clone();
                tokio::spawn(async move { ours.execute::<Product>(id, hold(order, 1), context()).await })
            })
            .collect();
        let mut held = 0;
        for attempt in attempts {
            held += i64::from(attempt.await.unwrap().is_ok());
        }
        assert_eq!(held, 3, "round {round}");
        for order in [1, 10, 11, 12, 13, 14, 15] {
            theirs.execute::<Product>(id, release(order), context()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_refused_for_what_another_process_has_changed_meanwhile() {
    let database = TestDatabase::create().await;
    let (ours, theirs) = (Executor::new(database.log().await), Executor::new(database.log().await));
    let id = Uuid::now_v7();
    ours.execute::<Product>(id, tomatoes(id, 1), context()).await.unwrap();
    assert!(ours.execute::<Product>(id, hold(1, 5), context()).await.is_err());
    theirs.execute::<Product>(id, count(10), context()).await.unwrap();
    // Ours still remembers one piece, and that nothing is held for the second order.
    ours.execute::<Product>(id, hold(1, 5), context()).await.unwrap();
    theirs.execute::<Product>(id, hold(2, 5), context()).await.unwrap();
    let release = ReleaseHold { order_id: OrderId::from_uuid(Uuid::from_u128(2)) };
    let released = ours.execute::<Product>(id, release, context()).await.unwrap();
    assert!(matches!(released.events[..], [ProductEvent::HoldReleased(_)]), "{:?}", released.events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_a_stream_time_goes_on_even_when_the_clock_does_not() {
    let database = TestDatabase::create().await;
    let executor = Executor::new(database.log().await);
    let id = Uuid::now_v7();
    let noon = "2024-08-15T12:00:00Z".parse().unwrap();
    executor
        .execute::<Product>(id, tomatoes(id, 5), CommandContext { occurred_at: noon, ..context() })
        .await
        .unwrap();
    let earlier = noon - Duration::hours(1);
    executor
        .execute::<Product>(id, count(6), CommandContext { occurred_at: earlier, ..context() })
        .await
        .unwrap();
    let stream = agrodeep_event_store::StreamId::new("product", id);
    let events = executor.log().load(&stream, 0).await.unwrap();
    assert_eq!(events[0].metadata.occurred_at, noon);
    assert_eq!(events[1].metadata.occurred_at, noon + Duration::microseconds(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_does_not_stop_its_command() {
    let database = TestDatabase::create().await;
    let executor = Executor::new(database.log().await);
    let id = Uuid::now_v7();
    executor.execute::<Product>(id, tomatoes(id, 1000), context()).await.unwrap();
    for order in 0..200u128 {
        let calling = executor.execute::<Product>(id, hold(order, 1), context());
        let _ = tokio::time::timeout(std::time::Duration::from_micros(order as u64 * 7), calling).await;
    }
    // Whatever was handed over is done: the lane works on, and nothing is half done.
    let state = loop {
        let before = executor.state::<Product>(id).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let now = executor.state::<Product>(id).await.unwrap();
        if now.version == before.version {
            break now;
        }
    };
    assert_eq!(state.state.holds.len() as u64, state.version - 1);
    assert!(executor.execute::<Product>(id, count(5000), context()).await.is_ok());
}
