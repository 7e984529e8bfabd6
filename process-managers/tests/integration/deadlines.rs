//! The time in which the buyer may pay.

use agrodeep_domain::order::{CancelReason, OrderStatus, PaymentStatus};
use agrodeep_process_managers::order_fulfilment::{FulfilmentOutcome, Step};
use chrono::TimeDelta;

use super::market::{Market, eventually};

async fn market_with_hold(milliseconds: i64) -> Market {
    Market::with_hold(TimeDelta::milliseconds(milliseconds)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_payment_in_time_the_holds_expire_and_nothing_can_be_paid_any_more() {
    let market = market_with_hold(400).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let ended = market.ended(order_id).await;
    let reason = CancelReason::PaymentTimeout;
    assert_eq!(ended.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    let due_at = ended.started.unwrap().payment_due_at;
    assert!(ended.timed_out_at.unwrap() >= due_at);
    assert!(ended.effects.contains_key(&Step::ExpireHold(apples)));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    market.nets_to_zero(order_id).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_passes_while_nobody_runs_and_is_kept_by_the_next() {
    let market = market_with_hold(3000).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    market.caught_up().await;
    running.stop().await;
    assert_eq!(market.order(order_id).await.status, OrderStatus::Pending);
    let due =
        format!("order_fulfilment_deadlines where order_id = '{}' and due_at <= now()", order_id.uuid());
    eventually("the deadline is due", || async { market.count(&due).await == 1 }).await;
    assert_eq!(market.order(order_id).await.status, OrderStatus::Pending);
    let running = market.run().await;
    let reason = CancelReason::PaymentTimeout;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_came_in_time_is_in_time_however_long_nobody_ran() {
    let market = market_with_hold(3000).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    market.caught_up().await;
    running.stop().await;
    market.pay(order_id, "pm_card_visa").await;
    market.until_order(order_id, |order| order.payment.status == PaymentStatus::Captured).await;
    let due =
        format!("order_fulfilment_deadlines where order_id = '{}' and due_at <= now()", order_id.uuid());
    eventually("the deadline is due", || async { market.count(&due).await == 1 }).await;
    let running = market.run().await;
    market.until_order(order_id, |order| order.status == OrderStatus::Confirmed).await;
    assert_eq!(market.fulfilment(order_id).await.timed_out_at, None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_comes_after_the_order_was_cancelled_is_given_back() {
    let market = market_with_hold(2500).await;
    let apples = market.product("10").await;
    // The provider lets itself be paid although it was told not to: the withdrawal does not reach it.
    market.whims.next("cancel_intent", super::life::Whim::Rejects, usize::MAX);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.until_order(order_id, |order| order.status == OrderStatus::Cancelled).await;
    market.pay(order_id, "pm_card_visa").await;
    market.until_order(order_id, |order| order.payment.status == PaymentStatus::Refunded).await;
    market.nets_to_zero(order_id).await;
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    running.stop().await;
}
