//! A process that stood still past its lease, did what it was about to do, and died before it could record that.

use agrodeep_domain::{Delivery, OrderId, delivery::DeliveryStatus, order::OrderStatus};
use agrodeep_process_managers::{
    OrderFulfilment,
    faults::{Armed, arm},
    order_fulfilment::{Progress, Step, delivery_id},
    release_lease,
};
use agrodeep_tests::checker;

use super::market::{Market, Running, eventually};

impl Market {
    /// Another runner takes the lease over.
    async fn taken_over(&self) -> Running {
        release_lease(self.database.pool()).await.unwrap();
        self.run().await
    }

    /// The runner wakes up before a step, does it, and dies.
    async fn does_and_dies(&self, order_id: OrderId, step: Step, sleeper: Running, asleep: &Armed) {
        let done = arm(order_id.uuid(), &format!("saga::after_effect::{}", step.name()), "hang", 1);
        asleep.resume();
        done.hit(1).await;
        sleeper.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_that_was_refused_to_all_others_and_held_by_the_dying_is_released() {
    let market = Market::open().await;
    let apples = market.product("1").await;
    let faster = market.place(&[(apples, "1")]).await;
    let running = market.run().await;
    market.until_order(faster, |order| order.payment.intent_id.is_some()).await;
    running.stop().await;

    let order_id = market.place(&[(apples, "1")]).await;
    let asleep = arm(order_id.uuid(), "saga::before_effect::hold_stock", "pause", 1);
    let sleeper = market.run().await;
    asleep.hit(1).await;
    let other = market.taken_over().await;
    market.ended(order_id).await;
    assert_eq!(market.order(order_id).await.status, OrderStatus::Cancelled);
    market.cancel(faster).await;
    market.ended(faster).await;
    assert_eq!(market.stock(apples).await, ("1".to_owned(), "0".to_owned()));

    market.does_and_dies(order_id, Step::HoldStock(apples), sleeper, &asleep).await;
    market
        .until(order_id.uuid(), |state: &OrderFulfilment| {
            state.progress(Step::ReleaseHold(apples)) == Some(&Progress::Done)
        })
        .await;
    eventually("the stock is free", || async { market.stock(apples).await.1 == "0" }).await;
    market.caught_up().await;
    checker::check_log(&*market.log).await.assert_settled();
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_was_refused_to_all_others_and_scheduled_by_the_dying_is_called_off() {
    let market = Market::open().await;
    let apples = market.product("1").await;
    let order_id = market.place(&[(apples, "1")]).await;
    let asleep = arm(order_id.uuid(), "saga::before_effect::schedule_delivery", "pause", 1);
    let sleeper = market.run().await;
    market.pay(order_id, "pm_card_visa").await;
    asleep.hit(1).await;
    let _refused = arm(order_id.uuid(), "saga::before_effect::schedule_delivery", "refused", 1);
    let other = market.taken_over().await;
    market.ended(order_id).await;

    let step = Step::ScheduleDelivery;
    market.does_and_dies(order_id, step, sleeper, &asleep).await;
    let first = delivery_id(order_id, 1).uuid();
    market.until(first, |delivery: &Delivery| delivery.status == DeliveryStatus::Cancelled).await;
    market.caught_up().await;
    checker::check_log(&*market.log).await.assert_settled();
    market.nets_to_zero(order_id).await;
    other.stop().await;
}
