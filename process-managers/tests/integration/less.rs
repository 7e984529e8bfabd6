//! Lines that become less after they were paid.

use agrodeep_commands::payments::gateway::{CreateRefund, GatewayKey, PaymentGateway};
use agrodeep_domain::{
    Order, OrderId,
    order::{CancelReason, DifferenceStatus, PaymentStatus},
};
use agrodeep_process_managers::order_fulfilment::FulfilmentOutcome;

use super::market::Market;

impl Market {
    async fn differences_are_back(&self, order_id: OrderId) -> Order {
        let back = |order: &Order| {
            order.adjustments.iter().all(|change| change.status == DifferenceStatus::Refunded)
        };
        self.until_order(order_id, back).await
    }

    /// What was taken in all, and given back, in hundredths.
    async fn money(&self, order_id: OrderId) -> (i64, i64) {
        let entry = self.ledger(order_id).await.unwrap();
        assert_eq!((entry.intents, entry.charges), (1, 1), "{entry:?}");
        (entry.captured.hundredths(), entry.refunded.hundredths())
    }
}

fn text(on_hand: &str, held: &str) -> (String, String) {
    (on_hand.to_owned(), held.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_given_back_once_and_the_rest_is_delivered() {
    let market = Market::open().await;
    let (apples, pears) = (market.product("10").await, market.product("10").await);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3"), (pears, "2")]).await;
    let delivery_id = market.confirmed(order_id).await;
    let paid = market.money(order_id).await.0;
    market.has(order_id, apples, "1.5").await;
    market.has(order_id, apples, "1").await;
    market.has(order_id, pears, "0").await;
    market.has(order_id, pears, "0").await;
    let order = market.differences_are_back(order_id).await;
    assert_eq!((order.adjustments.len(), order.payment.status), (3, PaymentStatus::Captured));
    let kept = order.left_of_captured().unwrap().hundredths();
    assert_eq!((kept * 5, market.money(order_id).await), (paid, (paid, paid - kept)));
    market.until(apples.uuid(), |apples: &agrodeep_domain::Product| apples.held.thousandths() == 1000).await;
    market.until(pears.uuid(), |pears: &agrodeep_domain::Product| pears.held.is_zero()).await;

    market.ship(order_id, delivery_id).await;
    market.deliver(delivery_id).await;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Delivered));
    assert_eq!((market.stock(apples).await, market.stock(pears).await), (text("9", "0"), text("10", "0")));
    assert_eq!(market.money(order_id).await, (paid, paid - kept));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_called_off_after_a_difference_gives_the_rest_back_and_no_more() {
    let market = Market::open().await;
    let (apples, pears) = (market.product("10").await, market.product("10").await);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3"), (pears, "2")]).await;
    market.confirmed(order_id).await;
    let paid = market.money(order_id).await.0;
    market.has(order_id, apples, "1").await;
    // Whether or not the difference is back by then.
    market.cancel(order_id).await;
    let reason = CancelReason::BuyerRequest;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    let order = market.differences_are_back(order_id).await;
    assert_eq!((order.payment.status, market.money(order_id).await), (PaymentStatus::Refunded, (paid, paid)));
    market.nets_to_zero(order_id).await;
    assert_eq!((market.stock(apples).await, market.stock(pears).await), (text("10", "0"), text("10", "0")));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goods_that_never_arrive_give_back_what_is_left_of_the_money() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let first = market.confirmed(order_id).await;
    let paid = market.money(order_id).await.0;
    market.has(order_id, apples, "2").await;
    market.ship(order_id, first).await;
    market.fail(first).await;
    let second = market.rescheduled(order_id).await;
    market.pick_up(second).await;
    market.fail(second).await;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::WrittenOff));
    assert_eq!(market.money(order_id).await, (paid, paid));
    assert_eq!(market.stock(apples).await, text("8", "0"));
    running.stop().await;
}

/// The provider has given it back, and the process was killed before it knew: what is there is found, not made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_that_the_provider_has_given_back_already_is_not_given_back_again() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "2")]).await;
    market.confirmed(order_id).await;
    running.stop().await;
    let paid = market.money(order_id).await.0;
    market.has(order_id, apples, "1").await;
    let order = market.order(order_id).await;
    let (intent_id, amount) = (order.payment.intent_id.unwrap(), order.adjustments[0].refund);
    let made = CreateRefund { intent_id: intent_id.clone(), amount };
    let first = market.gateway.refund(&made, &GatewayKey::difference(order_id, 1)).await.unwrap();
    let running = market.run().await;
    let order = market.differences_are_back(order_id).await;
    assert_eq!(order.adjustments[0].refund_id, Some(first.id));
    assert_eq!(market.money(order_id).await, (paid, paid / 2));
    assert_eq!(market.gateway.refunds(&intent_id).await.unwrap().len(), 1);
    market.cancel(order_id).await;
    market.ended(order_id).await;
    assert_eq!(market.money(order_id).await, (paid, paid));
    running.stop().await;
}
