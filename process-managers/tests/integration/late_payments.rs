//! Payments that the provider has not decided about when their time is over, or that come after it.

use std::time::Duration;

use agrodeep_domain::{
    OrderId,
    order::{CancelReason, OrderStatus, PaymentStatus},
};
use agrodeep_process_managers::order_fulfilment::{FulfilmentOutcome, OrderFulfilment, OrderFulfilmentEvent};
use chrono::TimeDelta;

use super::{
    life::Whim,
    market::{Market, eventually},
};

const WAITS: &str = "pm_usBankAccount_processing";

async fn market(hold_milliseconds: i64, extension_milliseconds: u64) -> Market {
    let mut market = Market::with_hold(TimeDelta::milliseconds(hold_milliseconds)).await;
    market.extension = Duration::from_millis(extension_milliseconds);
    market
}

impl Market {
    /// The buyer's bank decides.
    async fn bank_pays(&self, order_id: OrderId) {
        let intent_id = self.order(order_id).await.payment.intent_id.unwrap();
        assert!(self.gateway.settle(&intent_id, None).await.unwrap(), "nothing was being processed");
    }

    async fn extended(&self, order_id: OrderId) -> OrderFulfilment {
        self.until(order_id.uuid(), |state: &OrderFulfilment| state.extended_until.is_some()).await
    }

    async fn extensions(&self, order_id: OrderId) -> usize {
        let events = self.recorded(order_id).await;
        events
            .iter()
            .filter(|(_, event)| matches!(event, OrderFulfilmentEvent::PaymentTimeExtended(_)))
            .count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_held_longer_while_the_bank_decides_and_the_order_goes_on_when_it_pays() {
    let market = market(2_500, 60_000).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.pay(order_id, WAITS).await;
    let state = market.extended(order_id).await;
    let due_at = state.started.unwrap().payment_due_at;
    assert!(state.extended_until.unwrap() >= due_at + TimeDelta::seconds(60));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "3".to_owned()));
    assert_eq!(market.order(order_id).await.status, OrderStatus::Pending);

    market.bank_pays(order_id).await;
    market.until_order(order_id, |order| order.status == OrderStatus::Confirmed).await;
    assert_eq!(market.fulfilment(order_id).await.timed_out_at, None);
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "3".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_held_longer_only_once_and_a_payment_after_that_is_given_back_though_the_stock_is_there() {
    let market = market(2_500, 300).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.pay(order_id, WAITS).await;
    let order = market.until_order(order_id, |order| order.status == OrderStatus::Cancelled).await;
    assert_eq!(order.cancelled.unwrap().reason, CancelReason::PaymentTimeout);
    assert_eq!(market.extensions(order_id).await, 1);
    eventually("the stock is free", || async { market.stock(apples).await.1 == "0" }).await;

    market.bank_pays(order_id).await;
    market.until_order(order_id, |order| order.payment.status == PaymentStatus::Refunded).await;
    // Though the provider refused to be told that it is called off: nobody has to decide about that any more.
    let reason = CancelReason::PaymentTimeout;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    market.nets_to_zero(order_id).await;
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_after_the_time_takes_nothing_from_who_has_bought_the_stock_since() {
    let market = market(2_500, 0).await;
    let apples = market.product("3").await;
    let running = market.run().await;
    let late = market.place(&[(apples, "3")]).await;
    market.pay(late, WAITS).await;
    market.until_order(late, |order| order.status == OrderStatus::Cancelled).await;
    assert_eq!(market.extensions(late).await, 0, "a setting of zero means never");
    eventually("the stock is free", || async { market.stock(apples).await.1 == "0" }).await;
    let faster = market.place(&[(apples, "3")]).await;
    market.confirmed(faster).await;

    market.bank_pays(late).await;
    market.until_order(late, |order| order.payment.status == PaymentStatus::Refunded).await;
    market.nets_to_zero(late).await;
    assert_eq!(market.order(faster).await.status, OrderStatus::Confirmed);
    assert_eq!(market.stock(apples).await, ("3".to_owned(), "3".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_came_in_time_and_was_never_told_goes_on_when_the_time_is_over() {
    let market = market(2_500, 60_000).await;
    let apples = market.product("10").await;
    market.loses_webhooks().await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.pay(order_id, "pm_card_visa").await;
    market.until_order(order_id, |order| order.status == OrderStatus::Confirmed).await;
    let state = market.fulfilment(order_id).await;
    assert_eq!((state.timed_out_at, state.extended_until), (None, None));
    market.caught_up().await;
    assert_eq!(market.count("order_fulfilment_deadlines").await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_not_called_off_while_nobody_can_say_whether_it_was_paid() {
    let market = market(2_500, 60_000).await;
    let apples = market.product("10").await;
    market.loses_webhooks().await;
    market.whims.next("intent", Whim::Down, usize::MAX);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.pay(order_id, "pm_card_visa").await;
    market.extended(order_id).await;
    assert_eq!(market.order(order_id).await.status, OrderStatus::Pending);
    assert_eq!(market.stock(apples).await.1, "3");
    running.stop().await;
}
