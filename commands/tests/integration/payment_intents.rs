use std::time::{Duration, Instant};

use agrodeep_commands::{
    CommandSettings,
    order::{CancelRequest, cancel},
    payments::{IntentError, IntentRequest, gateway::IntentStatus, intent},
};
use agrodeep_domain::{
    OrderId,
    order::{CancelReason, Canceller},
};
use uuid::Uuid;

use crate::market::{Market, account, bernard, by_system, money};

fn of(order_id: OrderId) -> IntentRequest {
    IntentRequest { order_id, buyer_id: bernard() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_waits_until_the_payment_is_requested_and_then_always_gets_the_same() {
    let market = Market::open().await;
    let order_id = market.order().await.order.order_id;
    let waiting = (0..8).map(|_| {
        let commands = market.commands.clone();
        tokio::spawn(async move { intent(&commands, of(order_id)).await.unwrap() })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let requested = market.request_payment(order_id).await;
    let since = Instant::now();
    for answer in futures::future::join_all(waiting).await {
        assert_eq!(answer.unwrap().intent, requested);
    }
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());

    let again = intent(&market.another_instance().await, of(order_id)).await.unwrap();
    assert_eq!(again.intent, requested);
    assert_eq!(again.intent.amount, money("13.50 EUR"));
    assert_eq!(again.intent.status, IntentStatus::RequiresPaymentMethod);
    assert_eq!(again.version, 2);
}

#[tokio::test]
async fn the_wait_is_bounded() {
    let market = Market::open().await;
    let order_id = market.order().await.order.order_id;
    let settings = CommandSettings { payment_wait: Duration::from_millis(120), ..CommandSettings::default() };
    let commands = market.commands.clone().with_settings(settings);
    let since = Instant::now();
    assert_eq!(intent(&commands, of(order_id)).await.unwrap_err(), IntentError::NotYet);
    let waited = since.elapsed();
    assert!(waited >= Duration::from_millis(120) && waited < Duration::from_secs(4), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_order_that_is_cancelled_learns_why() {
    let market = Market::open().await;
    let order_id = market.order().await.order.order_id;
    let commands = market.commands.clone();
    let waiting = tokio::spawn(async move { intent(&commands, of(order_id)).await });
    let no_stock = Canceller::Fulfilment(CancelReason::StockUnavailable);
    let request = CancelRequest { order_id, by: no_stock, note: None };
    cancel(&market.commands, request, by_system()).await.unwrap();
    let refused = waiting.await.unwrap().unwrap_err();
    assert_eq!(refused, IntentError::OrderCancelled { reason: CancelReason::StockUnavailable });
}

#[tokio::test]
async fn nobody_pays_anothers_order_nor_one_that_is_not_there() {
    let market = Market::open().await;
    let order_id = market.order().await.order.order_id;
    market.request_payment(order_id).await;
    let stranger = IntentRequest { order_id, buyer_id: account(99) };
    assert_eq!(intent(&market.commands, stranger).await.unwrap_err(), IntentError::NotYours);
    let nowhere = of(OrderId::from_uuid(Uuid::from_u128(404)));
    assert_eq!(intent(&market.commands, nowhere).await.unwrap_err(), IntentError::NoSuchOrder);
}
