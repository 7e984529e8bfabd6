//! A payment provider that does not answer, or answers and is not heard.

use agrodeep_domain::order::CancelReason;
use agrodeep_process_managers::order_fulfilment::{FulfilmentOutcome, OrderFulfilmentEvent, Progress, Step};

use super::{
    life::Whim,
    market::{Market, eventually},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_down_for_a_while_is_asked_again() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.whims.next("create_intent", Whim::Down, 3);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.confirmed(order_id).await;
    let attempts: Vec<_> = market
        .recorded(order_id)
        .await
        .into_iter()
        .filter_map(|(_, event)| match event {
            OrderFulfilmentEvent::EffectFailed(failed) => Some((failed.step, failed.attempt)),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [1, 2, 3].map(|attempt| (Step::RequestPayment, attempt)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_never_leads_to_a_second_charge_or_refund() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.whims.next("create_intent", Whim::AnswerLost, 1);
    market.whims.next("refund", Whim::AnswerLost, 2);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.confirmed(order_id).await;
    market.cancel(order_id).await;
    let reason = CancelReason::BuyerRequest;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    market.nets_to_zero(order_id).await;
    assert_eq!(market.count("simulator_refunds").await, 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_the_provider_rejects_ends_the_order() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.whims.next("create_intent", Whim::Rejects, 1);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let reason = CancelReason::PaymentFailed;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_keeps_failing_is_parked_where_a_person_sees_it_and_the_rest_is_undone() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.whims.next("refund", Whim::Down, usize::MAX);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.confirmed(order_id).await;
    market.cancel(order_id).await;
    eventually("it is parked", || async {
        market
            .count("order_fulfilments where parked = '{refund_payment}' and stands_at = 'refund_payment'")
            .await
            == 1
    })
    .await;
    let state = market.fulfilment(order_id).await;
    assert_eq!(state.progress(Step::RefundPayment), Some(&Progress::Parked));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    assert_eq!(market.count("order_fulfilment_deadlines").await, 0, "nothing is tried by itself");
    // What waits for a person keeps nobody else waiting: neither other orders nor the checkpoint.
    market.caught_up().await;
    let other = market.place(&[(apples, "1")]).await;
    market.confirmed(other).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_order_whose_payment_request_was_under_way_leaves_nothing_that_can_be_paid() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.whims.next("create_intent", Whim::AnswerLost, 1);
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    eventually("the provider was asked", || async { market.count("simulator_intents").await == 1 }).await;
    market.cancel(order_id).await;
    market.ended(order_id).await;
    market.nets_to_zero(order_id).await;
    running.stop().await;
}
