//! Every row of the contract's table, with nothing going wrong but what the row says.

use agrodeep_domain::{
    Delivery, DomainEvent, Order,
    delivery::DeliveryStatus,
    order::{CancelReason, OrderEvent, OrderStatus, PaymentStatus},
};
use agrodeep_event_store::{Position, StreamId};
use agrodeep_process_managers::order_fulfilment::{
    CompensationsPlanned, EffectsPlanned, FulfilmentOutcome, OrderFulfilmentEvent, Step, effect_id,
};

use super::market::{Market, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_held_paid_confirmed_shipped_and_delivered() {
    let market = Market::open().await;
    let (apples, pears) = (market.product("10").await, market.product("5").await);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3"), (pears, "5")]).await;
    let delivery_id = market.confirmed(order_id).await;
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "3".to_owned()));
    market.ship(order_id, delivery_id).await;
    market.deliver(delivery_id).await;
    let ended = market.ended(order_id).await;
    assert_eq!(ended.outcome, Some(FulfilmentOutcome::Delivered));
    assert_eq!(market.order(order_id).await.status, OrderStatus::Delivered);
    assert_eq!(market.stock(apples).await, ("7".to_owned(), "0".to_owned()));
    assert_eq!(market.stock(pears).await, ("0".to_owned(), "0".to_owned()));
    let entry = market.ledger(order_id).await.unwrap();
    assert_eq!((entry.intents, entry.charges, entry.refunded.is_zero()), (1, 1, true));
    assert_eq!(
        market.planned(order_id).await,
        [
            Step::HoldStock(apples),
            Step::HoldStock(pears),
            Step::RequestPayment,
            Step::ScheduleDelivery,
            Step::ConfirmOrder,
            Step::RecordPickup,
            Step::CommitHold(apples),
            Step::CommitHold(pears),
            Step::MarkDelivered,
        ]
    );
    market.caught_up().await;
    assert_eq!(market.count("order_fulfilments").await, 0);
    assert_eq!(market.count("order_fulfilment_deadlines").await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_effect_was_on_record_before_it_was_done_and_says_what_caused_it() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let delivery_id = market.confirmed(order_id).await;
    market.cancel(order_id).await;
    market.ended(order_id).await;
    let recorded = market.recorded(order_id).await;
    let log = market.log.read(Position::START, 10_000).await.unwrap();
    let mut checked = 0;
    for (planned_in, event) in &recorded {
        let (OrderFulfilmentEvent::EffectsPlanned(EffectsPlanned { effects })
        | OrderFulfilmentEvent::CompensationsPlanned(CompensationsPlanned { effects })) = event
        else {
            continue;
        };
        for effect in effects {
            assert_eq!(effect.effect_id, effect_id(order_id, effect.step));
            // An effect at the payment provider alone leaves nothing in the log.
            for done in log.iter().filter(|event| event.command_id == effect.effect_id) {
                assert!(
                    done.position > planned_in.position,
                    "{} was done before it was planned",
                    effect.step
                );
                assert_eq!(done.metadata.correlation_id, planned_in.metadata.correlation_id);
                assert_eq!(done.metadata.causation_id, planned_in.command_id, "{}", effect.step);
                assert_eq!(done.metadata.actor, "system:order_fulfilment");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 7, "hold, request, schedule, confirm; cancel the delivery, refund, release");
    // The fulfilment's first event was caused by the order's, its later ones by what they follow from.
    let order = market.log.load(&StreamId::new("order", order_id.uuid()), 0).await.unwrap();
    assert_eq!(recorded[0].0.metadata.causation_id, order[0].event_id);
    assert_eq!(market.delivery_status(delivery_id).await, DeliveryStatus::Cancelled);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_enough_stock_nothing_is_left_on_hold_and_the_order_is_cancelled() {
    let market = Market::open().await;
    let (apples, pears) = (market.product("10").await, market.product("1").await);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3"), (pears, "2")]).await;
    let reason = CancelReason::StockUnavailable;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    assert_eq!(market.order(order_id).await.cancelled.unwrap().reason, reason);
    assert_eq!(market.ledger(order_id).await, None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_payment_ends_the_order_and_frees_its_stock() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.pay(order_id, "pm_card_chargeDeclined").await;
    let reason = CancelReason::PaymentFailed;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    market.nets_to_zero(order_id).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_who_cancels_after_paying_gets_the_money_back() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let delivery_id = market.confirmed(order_id).await;
    market.cancel(order_id).await;
    let reason = CancelReason::BuyerRequest;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    assert_eq!(market.order(order_id).await.payment.status, PaymentStatus::Refunded);
    assert_eq!(market.delivery_status(delivery_id).await, DeliveryStatus::Cancelled);
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    market.nets_to_zero(order_id).await;
    assert_eq!(
        market.planned(order_id).await[4..],
        [Step::CancelDelivery, Step::RefundPayment, Step::ReleaseHold(apples)]
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_who_cancels_at_once_is_charged_nothing_however_far_it_has_come() {
    let market = Market::open().await;
    let apples = market.product("100").await;
    let running = market.run().await;
    for wait in 0..12 {
        let order_id = market.place(&[(apples, "3")]).await;
        tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        market.cancel(order_id).await;
        let reason = CancelReason::BuyerRequest;
        assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
        market.nets_to_zero(order_id).await;
    }
    assert_eq!(market.stock(apples).await, ("100".to_owned(), "0".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_brought_the_first_time_is_brought_the_second() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let first = market.confirmed(order_id).await;
    market.ship(order_id, first).await;
    market.fail(first).await;
    let second = market.rescheduled(order_id).await;
    let numbers = [first, second].map(|id| {
        let market = &market;
        async move { market.state::<Delivery>(id.uuid()).await.scheduled.unwrap().tracking_number }
    });
    let [one, two] = numbers;
    assert_ne!(one.await, two.await, "each delivery has its own number");
    market.pick_up(second).await;
    market.deliver(second).await;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Delivered));
    assert_eq!(market.order(order_id).await.status, OrderStatus::Delivered);
    assert_eq!(market.stock(apples).await, ("7".to_owned(), "0".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_brought_at_all_is_written_off_and_refunded() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let first = market.confirmed(order_id).await;
    market.ship(order_id, first).await;
    market.fail(first).await;
    let second = market.rescheduled(order_id).await;
    market.pick_up(second).await;
    market.fail(second).await;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::WrittenOff));
    let order: Order = market.order(order_id).await;
    assert!(order.undeliverable);
    assert_eq!(order.payment.status, PaymentStatus::Refunded);
    assert_eq!(market.stock(apples).await, ("7".to_owned(), "0".to_owned()), "not restocked");
    market.nets_to_zero(order_id).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_buyers_who_want_the_last_pieces_exactly_as_many_get_them_as_there_are() {
    let market = Market::open().await;
    let apples = market.product("5").await;
    let running = market.run().await;
    let orders = futures::future::join_all((0..24).map(async |_| market.place(&[(apples, "1")]).await)).await;
    let (mut held, mut cancelled) = (0, 0);
    for order_id in orders {
        let settled =
            |order: &Order| order.status == OrderStatus::Cancelled || order.payment.intent_id.is_some();
        match market.until_order(order_id, settled).await.cancelled {
            None => held += 1,
            Some(why) => {
                assert_eq!(why.reason, CancelReason::StockUnavailable);
                cancelled += 1;
            }
        }
    }
    assert_eq!((held, cancelled), (5, 19));
    assert_eq!(market.stock(apples).await, ("5".to_owned(), "5".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_shows_nothing_of_an_order_twice() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let delivery_id = market.confirmed(order_id).await;
    market.ship(order_id, delivery_id).await;
    market.deliver(delivery_id).await;
    market.ended(order_id).await;
    let events = market.log.read(Position::START, 10_000).await.unwrap();
    let names: Vec<_> = events
        .iter()
        .filter(|event| &*event.stream.aggregate_type != "order_fulfilment")
        .map(|event| event.event_type.as_str())
        .collect();
    for name in OrderEvent::FORMS.iter().map(|(name, _)| *name) {
        assert!(names.iter().filter(|known| **known == name).count() <= 1, "{name}: {names:?}");
    }
    eventually("the runner has nothing left to note", || async {
        market.count("order_fulfilments").await == 0
    })
    .await;
    running.stop().await;
}
