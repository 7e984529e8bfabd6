//! Outcomes that nobody has told: the provider is asked.

use std::time::Duration;

use agrodeep_commands::payments::{
    difference::DifferenceKind,
    gateway::IntentStatus,
    reconcile::{Finding, Mode},
};
use agrodeep_domain::order::{CancelReason, OrderStatus, PaymentStatus};
use agrodeep_process_managers::{
    Reconciliation, ReconciliationSettings, order_fulfilment::FulfilmentOutcome,
};
use tokio_util::sync::CancellationToken;

use super::market::{Market, eventually};

impl Market {
    /// From now on the provider tells nothing.
    pub async fn loses_webhooks(&self) {
        sqlx::query("alter table simulator_webhooks alter column delivered_at set default now()")
            .execute(self.database.pool())
            .await
            .unwrap();
    }

    fn reconciliation(&self) -> Reconciliation {
        Reconciliation::new(self.commands(), self.database.pool().clone())
    }

    /// What is found about all that waits.
    async fn found(&self, mode: Mode) -> Vec<Finding> {
        let asked = self.reconciliation().once(Duration::ZERO, mode).await.unwrap();
        asked.into_iter().map(|asked| asked.result.unwrap().finding).collect()
    }

    async fn waits_at(&self, place: &str) {
        eventually(place, || async {
            self.count(&format!("order_fulfilments where stands_at = '{place}'")).await == 1
        })
        .await;
    }
}

fn behind(news: &'static str, corrected: bool) -> [Finding; 1] {
    [Finding::Behind { news, corrected }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_and_its_refund_that_were_never_told_are_found_out() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.loses_webhooks().await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.waits_at("awaiting_payment").await;
    let waiting = [Finding::Agrees { provider: IntentStatus::RequiresPaymentMethod }];
    assert_eq!(market.found(Mode::Correct).await, waiting);

    market.pay(order_id, "pm_card_visa").await;
    assert_eq!(market.found(Mode::DryRun).await, behind("captured", false));
    assert_eq!(market.order(order_id).await.payment.status, PaymentStatus::Requested, "only looked at");
    assert_eq!(market.found(Mode::Correct).await, behind("captured", true));
    market.until_order(order_id, |order| order.status == OrderStatus::Confirmed).await;

    market.cancel(order_id).await;
    market.waits_at("awaiting_refund").await;
    assert_eq!(market.found(Mode::Correct).await, behind("refunded", true));
    let reason = CancelReason::BuyerRequest;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    market.nets_to_zero(order_id).await;
    market.caught_up().await;
    assert_eq!(market.found(Mode::Correct).await, []);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_was_never_told_is_found_out_and_a_late_webhook_says_nothing_new() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.loses_webhooks().await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.waits_at("awaiting_payment").await;
    market.pay(order_id, "pm_card_chargeDeclinedExpiredCard").await;
    // Two passes at the same moment find the same and record it once.
    let (one, other) = tokio::join!(market.found(Mode::Correct), market.found(Mode::Correct));
    assert!(one == behind("declined", true) || other == behind("declined", true), "{one:?} {other:?}");
    let reason = CancelReason::PaymentFailed;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    let version =
        market.commands().executor.state::<agrodeep_domain::Order>(order_id.uuid()).await.unwrap().version;
    // It comes after all, days later, and twice.
    sqlx::query("update simulator_webhooks set delivered_at = null")
        .execute(market.database.pool())
        .await
        .unwrap();
    eventually("it is told", || async {
        market.count("simulator_webhooks where delivered_at is null").await == 0
    })
    .await;
    let now =
        market.commands().executor.state::<agrodeep_domain::Order>(order_id.uuid()).await.unwrap().version;
    assert_eq!(now, version);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_the_provider_does_not_know_is_reported_and_changes_nothing() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.waits_at("awaiting_payment").await;
    sqlx::query("delete from simulator_intents").execute(market.database.pool()).await.unwrap();
    let differs = [Finding::Differs(DifferenceKind::MissingAtProvider)];
    assert_eq!(market.found(Mode::DryRun).await, differs);
    assert_eq!(market.commands().differences.latest(10).await.unwrap(), []);
    for _ in 0..2 {
        assert_eq!(market.found(Mode::Correct).await, differs);
    }
    let known = market.commands().differences.latest(10).await.unwrap();
    assert_eq!((known.len(), known[0].times, known[0].order_id), (1, 2, Some(order_id)));
    assert_eq!(market.order(order_id).await.payment.status, PaymentStatus::Requested);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_asks_by_itself_and_only_about_what_has_waited_long_enough() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    market.loses_webhooks().await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.waits_at("awaiting_payment").await;
    market.pay(order_id, "pm_card_visa").await;
    let hour = Duration::from_hours(1);
    assert_eq!(market.reconciliation().once(hour, Mode::Correct).await.unwrap(), []);

    let stop = CancellationToken::new();
    let settings = ReconciliationSettings { every: Duration::from_millis(20), after: Duration::ZERO };
    let jobs: Vec<_> =
        (0..2).map(|_| tokio::spawn(market.reconciliation().run(settings, stop.clone()))).collect();
    market.until_order(order_id, |order| order.status == OrderStatus::Confirmed).await;
    stop.cancel();
    for job in jobs {
        job.await.unwrap();
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_that_was_never_told_is_found_out_beside_the_rest() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "3")]).await;
    market.confirmed(order_id).await;
    market.loses_webhooks().await;
    market.has(order_id, apples, "1").await;
    market.cancel(order_id).await;
    market.waits_at("awaiting_refund").await;
    assert_eq!(market.found(Mode::DryRun).await, behind("difference_refunded", false));
    assert_eq!(market.found(Mode::Correct).await, behind("difference_refunded", true));
    let reason = CancelReason::BuyerRequest;
    assert_eq!(market.ended(order_id).await.outcome, Some(FulfilmentOutcome::Cancelled { reason }));
    market.nets_to_zero(order_id).await;
    running.stop().await;
}
