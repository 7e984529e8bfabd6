//! Orders that were fulfilled long ago.

use std::sync::Arc;

use agrodeep_commands::{CommandContext, Commands, Executor, order::place};
use agrodeep_domain::{
    Actor, Delivery, DeliveryId, Order, OrderId, ProductId,
    delivery::{AssignDriver, CompleteDelivery, PickUp},
    order::{CapturePayment, Conductor, OrderStatus, PrepareLines, ShipOrder},
};
use agrodeep_event_store::{Position, StreamId};
use agrodeep_process_managers::{
    AdvanceError, ImportConductor, ImportedPayments, order_fulfilment::FulfilmentOutcome,
};
use chrono::{DateTime, Utc};

use super::{
    life::{Life, MortalLog},
    market::{Market, driver, producer},
    shopping::basket,
};

fn long_ago() -> DateTime<Utc> {
    DateTime::from_timestamp(1_483_614_000, 0).unwrap()
}

fn context() -> CommandContext {
    CommandContext::new(Actor::system("import"), long_ago())
}

async fn placed(market: &Market, items: &[(ProductId, &str)]) -> OrderId {
    place(&market.commands(), basket(items, Conductor::Import), context()).await.unwrap().order.order_id
}

/// Does everything that happened to an order; asked again, only what is left.
async fn replay(market: &Market, commands: &Commands, order_id: OrderId) -> Result<(), AdvanceError> {
    let conductor = ImportConductor::new(commands);
    let executor = &commands.executor;
    let context = || context();
    let state = conductor.advance(order_id, &context()).await?;
    let order: Order = market.order(order_id).await;
    let capture = CapturePayment {
        intent_id: ImportedPayments::intent_id(order_id),
        amount: order.placed.unwrap().total,
        provider_event_id: format!("imported_{order_id}"),
    };
    assert_eq!(state.intent_id.as_deref(), Some(capture.intent_id.as_str()));
    executor.execute::<Order>(order_id.uuid(), capture, context()).await.unwrap();
    let state = conductor.advance(order_id, &context()).await?;
    let (delivery_id, _): (DeliveryId, _) = state.delivery.unwrap();
    let (driver_id, producer_id) = (driver(), producer());
    let (on_order, on_delivery) = (order_id.uuid(), delivery_id.uuid());
    executor.execute::<Order>(on_order, PrepareLines { producer_id }, context()).await.unwrap();
    if market.order(order_id).await.status != OrderStatus::Shipped {
        let assign = AssignDriver { driver_id, vehicle: None };
        let _ = executor.execute::<Delivery>(on_delivery, assign, context()).await;
        executor.execute::<Order>(on_order, ShipOrder { delivery_id }, context()).await.unwrap();
    }
    let _ = executor.execute::<Delivery>(on_delivery, PickUp { driver_id }, context()).await;
    conductor.advance(order_id, &context()).await?;
    let (signature, photo) = ("imported".to_owned(), "imported".to_owned());
    let complete = CompleteDelivery { driver_id, signature, photo };
    executor.execute::<Delivery>(on_delivery, complete, context()).await.unwrap();
    conductor.advance(order_id, &context()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_order_is_fulfilled_at_its_own_time_without_asking_the_provider() {
    let market = Market::open().await;
    let (apples, pears) = (market.product("3").await, market.product("5").await);
    // A runner leaves it alone.
    let running = market.run().await;
    let order_id = placed(&market, &[(apples, "3"), (pears, "5")]).await;
    replay(&market, &market.commands(), order_id).await.unwrap();
    assert_eq!(market.fulfilment(order_id).await.outcome, Some(FulfilmentOutcome::Delivered));
    assert_eq!(market.order(order_id).await.status, OrderStatus::Delivered);
    for product_id in [apples, pears] {
        assert_eq!(market.stock(product_id).await, ("0".to_owned(), "0".to_owned()));
    }
    assert_eq!(market.ledger(order_id).await, None);
    let tracking_number = market.order(order_id).await.delivery.unwrap().tracking_number;
    assert_eq!(tracking_number.day, long_ago().date_naive());
    for stream in ["order", "order_fulfilment"] {
        for event in market.log.load(&StreamId::new(stream, order_id.uuid()), 0).await.unwrap() {
            let late = event.metadata.occurred_at - long_ago();
            assert!(late.num_milliseconds() < 1, "{} at {}", event.event_type, event.metadata.occurred_at);
            assert_eq!(event.metadata.actor, "system:import", "{}", event.event_type);
        }
    }
    market.caught_up().await;
    assert_eq!(market.count("order_fulfilments").await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_stopped_anywhere_goes_on_without_doing_anything_twice() {
    let market = Market::open().await;
    let mut expected = None;
    for n in 1.. {
        let apples = market.product("3").await;
        let order_id = placed(&market, &[(apples, "3")]).await;
        let before = market.log.head().await.unwrap();
        let life = Life::until(n);
        let log = MortalLog { log: market.log.clone(), life: life.clone() };
        let gateway = Arc::new(ImportedPayments);
        let mortal = Commands::new(Executor::new(Arc::new(log)), market.database.pool(), gateway);
        let killed = tokio::select! {
            result = replay(&market, &mortal, order_id) => { result.unwrap(); false }
            () = life.ends() => true,
        };
        replay(&market, &market.commands(), order_id).await.unwrap();
        assert_eq!(market.fulfilment(order_id).await.outcome, Some(FulfilmentOutcome::Delivered), "{n}");
        assert_eq!(market.stock(apples).await, ("0".to_owned(), "0".to_owned()), "{n}");
        // Exactly the same number of events, wherever it was stopped.
        let events = market.log.read(before, 10_000).await.unwrap().len();
        assert_eq!(*expected.get_or_insert(events), events, "{n}: {}", life.killed_where());
        if !killed {
            assert!(n > 10, "{n}");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_imported_orders_are_conducted_by_an_import() {
    let market = Market::open().await;
    let apples = market.product("3").await;
    let conductor = ImportConductor::new(&market.commands());
    let nobodys = OrderId::from_uuid(uuid::Uuid::now_v7());
    assert_eq!(conductor.advance(nobodys, &context()).await, Err(AdvanceError::NoSuchOrder));
    let live = market.place(&[(apples, "1")]).await;
    assert_eq!(conductor.advance(live, &context()).await, Err(AdvanceError::NotImported));
    assert_eq!(market.log.read(Position::START, 100).await.unwrap().len(), 2, "nothing was recorded");
}
