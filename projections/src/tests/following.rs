//! Crashes, second instances, outages: what runs may stop anywhere, and the rows are right.

use std::{sync::Arc, time::Duration};

use agrodeep_event_store::{
    Append, AppendOutcome, EventLog, LogError, Position, Promises, RecordedEvent, SharedLog, StreamId,
};
use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    market::Market,
    story::{busy, offered, somebody, tomatoes},
};
use crate::{
    Model, Projections, Wanted, checkpoint,
    deliveries::DeliveriesProjection,
    feed::Feed,
    order_history::OrderHistoryProjection,
    orders::OrdersProjection,
    products::ProductsProjection,
    projection::Projection,
    runner::{Reached, Runner},
};

async fn position(market: &Market, model: Model) -> Position {
    checkpoint::read(market.pool(), model).await.unwrap().map_or(Position::START, |found| found.position)
}

/// Runs a projection in small batches and lets it crash, again and again, until it is through.
async fn crash_along<P: Projection>(market: &Market, until: Position) -> usize {
    let mut crashes = 0;
    while position(market, P::MODEL).await < until {
        let mut runner = market.runner::<P>().await.batches_of(7);
        let task = tokio::spawn(async move { runner.run_until(until, &CancellationToken::new()).await });
        // Later and later, so that it gets through in the end: somewhere within a batch, whatever it is at.
        tokio::time::sleep(Duration::from_micros(1500 + 700 * crashes as u64)).await;
        task.abort();
        let _ = task.await;
        crashes += 1;
    }
    crashes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_crashes_again_and_again_misses_nothing_and_does_nothing_twice() {
    let market = Market::open().await;
    busy(&market, 40).await;
    let head = market.log.head().await.unwrap();
    let crashes = crash_along::<OrdersProjection>(&market, head).await
        + crash_along::<ProductsProjection>(&market, head).await
        + crash_along::<OrderHistoryProjection>(&market, head).await
        + crash_along::<DeliveriesProjection>(&market, head).await;
    assert!(crashes > 8, "{crashes}");
    market.project().await;
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_one_works_and_the_other_steps_back() {
    let market = Market::open().await;
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let mut runner = market.runner::<OrdersProjection>().await.batches_of(5);
        let stop = stop.clone();
        tasks.push(tokio::spawn(async move { runner.run(&stop).await }));
    }
    busy(&market, 30).await;
    let head = market.log.head().await.unwrap();
    while position(&market, Model::Orders).await < head {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
    market.project().await;
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(market.parked().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_paused_while_another_went_on_changes_nothing_when_it_wakes() {
    let market = Market::open().await;
    busy(&market, 5).await;
    let until = Position(20);
    let stop = CancellationToken::new();
    let mut paused = market.runner::<ProductsProjection>().await;
    paused.run_until(until, &stop).await;
    market.project().await;
    let at = position(&market, Model::Products).await;
    // It believes to be at 20, and has rows of then at hand.
    let events = market.log.read(until, 10).await.unwrap();
    assert!(!paused.wake_with(events).await);
    assert_eq!(position(&market, Model::Products).await, at);
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_database_pauses_and_parks_nothing() {
    let market = Market::open().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    sqlx::query("alter table products rename to gone").execute(market.pool()).await.unwrap();
    let stop = CancellationToken::new();
    let mut runner = market.runner::<ProductsProjection>().await;
    let task = {
        let stop = stop.clone();
        tokio::spawn(async move { runner.run(&stop).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(position(&market, Model::Products).await, Position::START);
    sqlx::query("alter table gone rename to products").execute(market.pool()).await.unwrap();
    while position(&market, Model::Products).await < Position(1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    task.await.unwrap();
    assert_eq!(market.parked().await, []);
    market.project().await;
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_version_are_left_alone() {
    let market = Market::open().await;
    sqlx::query("insert into checkpoints values ('products', 99, 0)").execute(market.pool()).await.unwrap();
    offered(&market, somebody(), tomatoes(), 250).await;
    let stop = CancellationToken::new();
    let mut runner = market.runner::<ProductsProjection>().await;
    let run = runner.run(&stop);
    assert!(tokio::time::timeout(Duration::from_millis(200), run).await.is_err());
    assert_eq!(position(&market, Model::Products).await, Position::START);
}

/// A log that keeps one event back, as one with gaps in its positions might.
struct Forgetful(SharedLog, Position);

#[async_trait]
impl EventLog for Forgetful {
    fn promises(&self) -> Promises {
        self.0.promises()
    }
    async fn append(&self, append: Append) -> Result<AppendOutcome, LogError> {
        self.0.append(append).await
    }
    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        self.0.append_chain(chain).await
    }
    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        self.0.load(stream, after_version).await
    }
    async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.0.find_command(stream, command_id).await
    }
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let mut events = self.0.read(after, limit).await?;
        events.retain(|event| event.position != self.1);
        Ok(events)
    }
    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.0.read_back(before, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.0.head().await
    }
    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        self.0.wait_beyond(position, timeout).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_log_is_never_jumped_over() {
    let market = Market::open().await;
    busy(&market, 3).await;
    let forgetful: SharedLog = Arc::new(Forgetful(market.log.clone(), Position(6)));
    let mut runner: Runner<OrdersProjection> =
        Runner::new(Feed::new(forgetful), market.pool().clone(), watch::channel(Reached::default()).0)
            .batches_of(5);
    let stop = CancellationToken::new();
    assert!(tokio::time::timeout(Duration::from_millis(300), runner.run(&stop)).await.is_err());
    assert_eq!(position(&market, Model::Orders).await, Position(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_projections_run_together_and_stop_when_told() {
    let market = Market::open().await;
    let projections = Projections::new(market.log.clone(), market.pool().clone());
    let progress = projections.progress();
    let stop = CancellationToken::new();
    let task = tokio::spawn(projections.run(stop.clone()));
    busy(&market, 20).await;
    let head = market.log.head().await.unwrap();
    let reads = market.reads.clone().with_progress(progress.clone());
    let models = [
        Model::Accounts,
        Model::Products,
        Model::Orders,
        Model::OrderHistory,
        Model::Deliveries,
        Model::Baskets,
        Model::Sagas,
    ];
    reads.wait_for(&models, Wanted { position: head, about: &[] }, Duration::from_secs(10)).await.unwrap();
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    for model in models {
        assert_eq!(progress.position(model), Some(head), "{model}");
    }
    assert!(market.check().await.is_clean());
}
