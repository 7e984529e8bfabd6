//! What people decide about fulfilments that run: retry, skip, abandon, pause, resume, and steps paused for all orders.

use std::time::Duration;

use agrodeep_commands::{ExecuteError, sagas::SagaDesk};
use agrodeep_domain::{
    OrderId, Role,
    order::{CancelReason, OrderStatus, PaymentStatus},
    order_fulfilment::{
        FulfilmentOutcome, Intervention, OrderFulfilment, OrderFulfilmentEvent, OrderFulfilmentRefusal,
        Progress, Reason, Step, StepName,
    },
};
use chrono::TimeDelta;

use super::{
    life::Whim,
    market::{Market, account, by, eventually},
};

fn why() -> Reason {
    "it has to be".parse().unwrap()
}

fn desk(market: &Market) -> SagaDesk {
    SagaDesk::new(market.commands().executor)
}

fn retry() -> Intervention {
    Intervention::Retry { step: None, reason: None }
}

fn abandon() -> Intervention {
    Intervention::Abandon { reason: why() }
}

fn pause() -> Intervention {
    Intervention::Pause { reason: why() }
}

fn resume() -> Intervention {
    Intervention::Resume { reason: None }
}

fn skip(step: Step) -> Intervention {
    Intervention::Skip { step, reason: why() }
}

fn name(step: &str) -> StepName {
    step.parse().unwrap()
}

async fn decide(market: &Market, order_id: OrderId, choice: Intervention) {
    desk(market).decide(order_id, choice, by(account(9), Role::Admin)).await.unwrap();
}

async fn refused(market: &Market, order_id: OrderId, choice: Intervention) -> OrderFulfilmentRefusal {
    match desk(market).decide(order_id, choice, by(account(9), Role::Admin)).await {
        Err(ExecuteError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

async fn pause_step(market: &Market, step: &str) {
    desk(market).pause_step(name(step), why(), by(account(9), Role::Admin)).await.unwrap();
}

async fn resume_step(market: &Market, step: &str) {
    desk(market).resume_step(name(step), None, by(account(9), Role::Admin)).await.unwrap();
}

/// An order that was paid and cancelled, and whose refund is parked.
async fn with_parked_refund(market: &Market) -> OrderId {
    let apples = market.product("10").await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.confirmed(order_id).await;
    market.whims.next("refund", Whim::Down, 4);
    market.cancel(order_id).await;
    parked(market, "refund_payment").await;
    order_id
}

/// The order is confirmed, and its fulfilment has recorded that it is.
async fn stands_still(market: &Market, order_id: OrderId) {
    market.until(order_id.uuid(), |state: &OrderFulfilment| state.is_done(Step::ConfirmOrder)).await;
}

async fn parked(market: &Market, step: &str) {
    let condition = format!("order_fulfilments where parked = '{{{step}}}'");
    eventually("it is parked", || async { market.count(&condition).await == 1 }).await;
}

async fn has_refunded(market: &Market, order_id: OrderId) {
    let reason = CancelReason::BuyerRequest;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    market.nets_to_zero(order_id).await;
    assert_eq!(market.count("simulator_refunds").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_parked_is_tried_again_when_a_person_says_so_and_who_said_so_is_in_the_log() {
    let market = Market::open().await;
    let running = market.run().await;
    let order_id = with_parked_refund(&market).await;
    decide(&market, order_id, retry()).await;
    has_refunded(&market, order_id).await;
    let recorded = market.recorded(order_id).await;
    let (event, _) = recorded
        .iter()
        .find(|(_, event)| {
            matches!(event, OrderFulfilmentEvent::RetryOrdered(retry) if retry.steps == [Step::RefundPayment])
        })
        .unwrap();
    assert_eq!(event.metadata.actor, format!("admin:{}", account(9)));
    assert_eq!(refused(&market, order_id, retry()).await, OrderFulfilmentRefusal::Ended);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_that_is_made_while_nobody_runs_is_carried_out_by_the_next() {
    let market = Market::open().await;
    let running = market.run().await;
    let order_id = with_parked_refund(&market).await;
    running.kill().await;
    decide(&market, order_id, retry()).await;
    let running = market.run().await;
    has_refunded(&market, order_id).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_called_off_gives_money_and_stock_back() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.confirmed(order_id).await;
    stands_still(&market, order_id).await;
    let (told, _) = desk(&market).forecast(order_id, &abandon(), None).await.unwrap();
    decide(&market, order_id, abandon()).await;
    let reason = CancelReason::AdminDecision;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    market.nets_to_zero(order_id).await;
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    // What was foretold has come true, step by step.
    let done: Vec<Step> =
        market.planned(order_id).await.into_iter().filter(|step| step.is_compensation()).collect();
    assert_eq!(told.course.rounds.concat(), done);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_left_is_not_called_off_and_choices_that_make_no_sense_are_refused() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    let delivery_id = market.confirmed(order_id).await;
    stands_still(&market, order_id).await;
    for (choice, refusal) in [
        (retry(), OrderFulfilmentRefusal::NothingParked),
        (
            Intervention::Retry { step: Some(Step::ConfirmOrder), reason: None },
            OrderFulfilmentRefusal::NotParked(Step::ConfirmOrder),
        ),
        (skip(Step::ConfirmOrder), OrderFulfilmentRefusal::NotPending(Step::ConfirmOrder)),
        (skip(Step::RefundPayment), OrderFulfilmentRefusal::NotPending(Step::RefundPayment)),
        (resume(), OrderFulfilmentRefusal::NotPaused),
    ] {
        assert_eq!(refused(&market, order_id, choice).await, refusal);
    }
    market.ship(order_id, delivery_id).await;
    eventually("the fulfilment knows", || async { market.fulfilment(order_id).await.shipped_by.is_some() })
        .await;
    assert_eq!(refused(&market, order_id, abandon()).await, OrderFulfilmentRefusal::AlreadyShipped);
    let unknown = OrderId::from_uuid(uuid::Uuid::now_v7());
    assert_eq!(refused(&market, unknown, abandon()).await, OrderFulfilmentRefusal::NotBegun);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_without_which_money_or_stock_would_be_wrong_is_not_skipped() {
    let market = Market::open().await;
    let running = market.run().await;
    let order_id = with_parked_refund(&market).await;
    let refusal = refused(&market, order_id, skip(Step::RefundPayment)).await;
    assert!(matches!(refusal, OrderFulfilmentRefusal::NotSkippable(Step::RefundPayment, _)), "{refusal}");
    assert!(refusal.to_string().contains("refund it at the provider by hand"), "{refusal}");
    let state = market.fulfilment(order_id).await;
    assert_eq!(state.progress(Step::RefundPayment), Some(&Progress::Parked));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_cannot_be_withdrawn_is_left_open_and_given_back_should_it_be_made() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    market.whims.next("cancel_intent", Whim::Down, usize::MAX);
    market.cancel(order_id).await;
    parked(&market, "withdraw_payment").await;
    decide(&market, order_id, skip(Step::WithdrawPayment)).await;
    let reason = CancelReason::BuyerRequest;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    market.pay(order_id, "pm_card_visa").await;
    market.until_order(order_id, |order| order.payment.status == PaymentStatus::Refunded).await;
    market.nets_to_zero(order_id).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_order_stands_still_across_restarts_and_loses_and_repeats_nothing() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    decide(&market, order_id, pause()).await;
    eventually("it is noted", || async { market.count("order_fulfilments where paused").await == 1 }).await;
    assert_eq!(market.count("order_fulfilment_deadlines").await, 0, "no deadline counts");
    market.pay(order_id, "pm_card_visa").await;
    eventually("the payment is taken in", || async { market.fulfilment(order_id).await.paid }).await;
    running.stop().await;
    let running = market.run().await;
    market.caught_up().await;
    let state = market.fulfilment(order_id).await;
    assert_eq!(
        state.progress(Step::ScheduleDelivery),
        Some(&Progress::Pending { attempts: 0, retry_at: None })
    );
    assert_eq!(refused(&market, order_id, pause()).await, OrderFulfilmentRefusal::AlreadyPaused);
    // Other orders go on.
    let other = market.place(&[(apples, "1")]).await;
    market.confirmed(other).await;
    assert_eq!(market.order(order_id).await.status, OrderStatus::Pending);

    decide(&market, order_id, resume()).await;
    market.until_order(order_id, |order| order.status == OrderStatus::Confirmed).await;
    assert_eq!(
        market.planned(order_id).await.iter().filter(|step| **step == Step::ScheduleDelivery).count(),
        1
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_while_an_order_is_paused_counts_once_it_is_resumed() {
    let market = Market::with_hold(TimeDelta::milliseconds(700)).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    decide(&market, order_id, pause()).await;
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let state = market.fulfilment(order_id).await;
    assert_eq!((state.timed_out_at, state.unwinding), (None, None));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "3".to_owned()), "the stock is kept meanwhile");
    decide(&market, order_id, resume()).await;
    let reason = CancelReason::PaymentTimeout;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    assert_eq!(market.stock(apples).await, ("10".to_owned(), "0".to_owned()));
    market.nets_to_zero(order_id).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_is_paused_waits_for_all_orders_and_then_is_done_once_for_each() {
    let market = Market::open().await;
    let apples = market.product("100").await;
    let running = market.run().await;
    pause_step(&market, "request_payment").await;
    market.caught_up().await;
    let mut orders = Vec::new();
    for _ in 0..8 {
        orders.push(market.place(&[(apples, "1")]).await);
    }
    let held_back = "order_fulfilments_held_back where step = 'request_payment'";
    eventually("all are held back", || async { market.count(held_back).await == 8 }).await;
    assert_eq!(market.stock(apples).await, ("100".to_owned(), "8".to_owned()), "other steps are done");
    assert_eq!(market.count("simulator_intents").await, 0);
    // Another process takes over, and knows; one more order comes.
    running.kill().await;
    let running = market.run().await;
    orders.push(market.place(&[(apples, "1")]).await);
    eventually("it is held back, too", || async { market.count(held_back).await == 9 }).await;
    assert_eq!(market.count("simulator_intents").await, 0);
    assert!(
        desk(&market).pause_step(name("request_payment"), why(), by(account(9), Role::Admin)).await.is_err()
    );

    resume_step(&market, "request_payment").await;
    for order_id in &orders {
        market.confirmed(*order_id).await;
    }
    assert_eq!(market.count("simulator_intents").await, 9);
    assert_eq!(market.count("order_fulfilments_held_back").await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_is_resumed_while_nobody_runs_is_done_by_the_next() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    pause_step(&market, "request_payment").await;
    market.caught_up().await;
    let order_id = market.place(&[(apples, "1")]).await;
    eventually("it is held back", || async { market.count("order_fulfilments_held_back").await == 1 }).await;
    market.caught_up().await;
    running.stop().await;
    resume_step(&market, "request_payment").await;
    let running = market.run().await;
    market.confirmed(order_id).await;
    running.stop().await;
}

/// The time for paying goes on while a step is paused for all: stock is not kept for as long as a provider is down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_passes_while_a_step_is_paused_for_all_orders() {
    let market = Market::with_hold(TimeDelta::milliseconds(500)).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    pause_step(&market, "request_payment").await;
    market.caught_up().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.until_order(order_id, |order| order.status == OrderStatus::Cancelled).await;
    eventually("the stock is free", || async { market.stock(apples).await.1 == "0" }).await;
    // It has not ended: nobody knows yet that nothing was asked of the provider.
    assert_eq!(market.fulfilment(order_id).await.outcome, None);
    resume_step(&market, "request_payment").await;
    let reason = CancelReason::PaymentTimeout;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    assert_eq!(
        market.count("simulator_intents").await,
        0,
        "nothing is asked of the provider for a cancelled order"
    );
    running.stop().await;
}
