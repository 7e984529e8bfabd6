//! Rows built anew beside the live ones and switched, while others read and write.

use std::{sync::Arc, time::Duration};

use agrodeep_domain::{Aggregate, Product};
use agrodeep_event_store::StreamId;
use async_trait::async_trait;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    market::Market,
    story::{Story, busy, line, offered, somebody, tomatoes},
};
use crate::{
    Model, Projections, ReadError, Wanted,
    checkpoint::{self, Checkpoint},
    fact::{LogEvent, Poison},
    orders::OrdersProjection,
    products::ProductsProjection,
    projection::Projection,
    rebuild::{Finished, RebuildError, RebuildRequest, RebuildState, Rebuilds, work_on},
};

const MODELS: [Model; 7] = [
    Model::Accounts,
    Model::Products,
    Model::Orders,
    Model::OrderHistory,
    Model::Deliveries,
    Model::Baskets,
    Model::Sagas,
];

fn rebuilds(market: &Market) -> Rebuilds {
    Rebuilds::new(market.log.clone(), market.pool().clone(), Duration::ZERO)
}

fn of(model: Model) -> RebuildRequest {
    RebuildRequest { model, version: None, shards: Some(3), requested_by: "test".to_owned() }
}

async fn schemas(market: &Market) -> Vec<String> {
    sqlx::query_scalar(
        "select nspname::text from pg_namespace where starts_with(nspname, 'read_models_') order by 1",
    )
    .fetch_all(market.pool())
    .await
    .unwrap()
}

async fn generation(market: &Market, model: Model) -> i64 {
    checkpoint::read(market.pool(), model).await.unwrap().unwrap().generation
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_is_built_anew_with_what_the_log_says() {
    let market = Market::open().await;
    busy(&market, 40).await;
    market.project().await;
    // What only a rebuild can mend.
    sqlx::query("update orders set notes = 'wrong'").execute(market.pool()).await.unwrap();
    sqlx::query("delete from order_history").execute(market.pool()).await.unwrap();
    sqlx::query("delete from deliveries").execute(market.pool()).await.unwrap();
    assert!(!market.check().await.is_clean());
    let (rebuilds, stop) = (rebuilds(&market), CancellationToken::new());
    let head = market.log.head().await.unwrap();
    for model in MODELS {
        rebuilds.request(&of(model)).await.unwrap();
        assert_eq!(rebuilds.work_on(model, &stop).await.unwrap(), Finished::Switched(head), "{model}");
    }
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
    for status in rebuilds.list().await.unwrap() {
        assert_eq!((status.state, status.position), (RebuildState::Switched, head), "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_is_dropped_only_after_the_grace_period() {
    let market = Market::open().await;
    busy(&market, 3).await;
    market.project().await;
    let patient = Rebuilds::new(market.log.clone(), market.pool().clone(), Duration::from_hours(1));
    patient.request(&of(Model::Orders)).await.unwrap();
    patient.work_on(Model::Orders, &CancellationToken::new()).await.unwrap();
    patient.sweep().await.unwrap();
    assert_eq!(schemas(&market).await, ["read_models_retired_1"]);
    assert!(patient.list().await.unwrap()[0].drop_after.is_some());
    sqlx::query("update rebuilds set drop_after = now()").execute(market.pool()).await.unwrap();
    patient.sweep().await.unwrap();
    assert_eq!(schemas(&market).await, <[String; 0]>::default());
    assert_eq!(patient.list().await.unwrap()[0].state, RebuildState::Done);
}

/// The program that runs the projections, in this process, until it is dropped.
struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn begin(market: &Market) -> Self {
        let stop = CancellationToken::new();
        let projections =
            Projections::new(market.log.clone(), market.pool().clone()).with_grace(Duration::ZERO);
        Self { task: tokio::spawn(projections.run(stop.clone())), stop }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn until_switched(rebuilds: &Rebuilds, model: Model) {
    loop {
        let status = rebuilds.list().await.unwrap();
        let under_way = status.iter().any(|status| status.model == model && status.state.is_under_way());
        if !under_way {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_read_and_write_notice_nothing() {
    let market = Market::open().await;
    busy(&market, 20).await;
    let running = Running::begin(&market);
    let producer = somebody();
    let product = offered(&market, producer, tomatoes(), 250).await;
    let buyer = somebody();
    let stop = CancellationToken::new();
    let reading = {
        let (market, stop) = (Arc::clone(&market), stop.clone());
        tokio::spawn(async move {
            let (mut reads, mut last) = (0_u64, 0);
            while !stop.is_cancelled() {
                let orders: i64 = sqlx::query_scalar(
                    "select count(*) from orders o join order_items i using (order_id) where buyer_id = $1",
                )
                .bind(buyer.uuid())
                .fetch_one(market.pool())
                .await
                .unwrap();
                assert!(orders >= last, "{orders} after {last}");
                (reads, last) = (reads + 1, orders);
            }
            reads
        })
    };
    let writing = {
        let (market, stop) = (Arc::clone(&market), stop.clone());
        tokio::spawn(async move {
            let mut written = 0;
            while !stop.is_cancelled() {
                let story = Story::placed(&market, buyer, vec![line(product, producer, 1000, 250)]).await;
                let placed = market.log.head().await.unwrap();
                market
                    .reads
                    .wait_for(
                        &[Model::Orders],
                        Wanted { position: placed, about: &[] },
                        Duration::from_secs(30),
                    )
                    .await
                    .unwrap();
                let order = market.reads.order(story.id).await.unwrap();
                assert!(order.is_some(), "order {written} cannot be read after it was waited for");
                written += 1;
            }
            written
        })
    };
    let rebuilds = rebuilds(&market);
    for round in 1..=4 {
        rebuilds.request(&of(Model::Orders)).await.unwrap();
        until_switched(&rebuilds, Model::Orders).await;
        assert_eq!(generation(&market, Model::Orders).await, round);
    }
    stop.cancel();
    let (reads, written) = (reading.await.unwrap(), writing.await.unwrap());
    assert!(reads > 100 && written > 20, "{reads} reads, {written} orders");
    let head = market.log.head().await.unwrap();
    market
        .reads
        .wait_for(&MODELS, Wanted { position: head, about: &[] }, Duration::from_secs(30))
        .await
        .unwrap();
    running.end().await;
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(market.parked().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_crashes_again_and_again_ends_right() {
    let market = Market::open().await;
    busy(&market, 60).await;
    market.project().await;
    let rebuilds = rebuilds(&market);
    rebuilds.request(&of(Model::Orders)).await.unwrap();
    let mut crashes: u64 = 0;
    while generation(&market, Model::Orders).await == 0 {
        let again = rebuilds.clone();
        let task = tokio::spawn(async move { again.work_on(Model::Orders, &CancellationToken::new()).await });
        tokio::time::sleep(Duration::from_millis(20 + 30 * crashes)).await;
        task.abort();
        let _ = task.await;
        crashes += 1;
    }
    assert!(crashes >= 5, "{crashes}");
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_rests_where_it_was_stopped_and_goes_on_from_there() {
    let market = Market::open().await;
    busy(&market, 30).await;
    market.project().await;
    let rebuilds = rebuilds(&market);
    rebuilds.request(&of(Model::Orders)).await.unwrap();
    assert!(matches!(rebuilds.request(&of(Model::Orders)).await, Err(RebuildError::Running(Model::Orders))));
    assert_eq!(rebuilds.stop(Model::Orders).await.unwrap().state, RebuildState::Stopped);
    let stop = CancellationToken::new();
    assert_eq!(rebuilds.work_on(Model::Orders, &stop).await.unwrap(), Finished::Nothing);
    assert_eq!(rebuilds.request(&of(Model::Orders)).await.unwrap().state, RebuildState::Waiting);
    assert!(matches!(rebuilds.work_on(Model::Orders, &stop).await.unwrap(), Finished::Switched(_)));
    assert!(matches!(rebuilds.stop(Model::Orders).await, Err(RebuildError::NotRunning(Model::Orders))));
    // Given up: nothing is left of it, and the live rows are as they were.
    rebuilds.request(&of(Model::Orders)).await.unwrap();
    rebuilds.discard(Model::Orders).await.unwrap();
    assert_eq!(rebuilds.list().await.unwrap()[0].state, RebuildState::Discarded);
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_works_on_a_rebuild() {
    let market = Market::open().await;
    busy(&market, 5).await;
    market.project().await;
    let rebuilds = rebuilds(&market);
    rebuilds.request(&of(Model::Orders)).await.unwrap();
    let mut connection = market.pool().acquire().await.unwrap();
    sqlx::query("select pg_advisory_lock(1634169442, hashtext('orders'))")
        .execute(&mut *connection)
        .await
        .unwrap();
    let stop = CancellationToken::new();
    assert_eq!(rebuilds.work_on(Model::Orders, &stop).await.unwrap(), Finished::Elsewhere);
    assert_eq!(rebuilds.list().await.unwrap()[0].state, RebuildState::Building);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_waits_for_who_reads_for_long_without_keeping_others_waiting() {
    let market = Market::open().await;
    busy(&market, 5).await;
    market.project().await;
    let mut reader = market.pool().begin().await.unwrap();
    sqlx::query("select * from order_items limit 1").execute(&mut *reader).await.unwrap();
    let rebuilds = rebuilds(&market);
    rebuilds.request(&of(Model::Orders)).await.unwrap();
    let work = {
        let rebuilds = rebuilds.clone();
        tokio::spawn(async move { rebuilds.work_on(Model::Orders, &CancellationToken::new()).await.unwrap() })
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!work.is_finished());
    assert_eq!(generation(&market, Model::Orders).await, 0);
    // The same reader wants the other table: it gets it, as the switch gives way.
    sqlx::query("select * from orders limit 1").execute(&mut *reader).await.unwrap();
    reader.rollback().await.unwrap();
    assert!(matches!(work.await.unwrap(), Finished::Switched(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_parked_by_a_rebuild_as_well() {
    let market = Market::open().await;
    let producer = somebody();
    let product = offered(&market, producer, tomatoes(), 250).await;
    // Nobody can say which order it is about: all later holds of the product wait for it, whatever their order is.
    let stream = StreamId::new(Product::TYPE, product.uuid());
    market.appears(stream, "system:test", "StockHeld", "1", "{}".to_owned()).await;
    for _ in 0..12 {
        let story = Story::placed(&market, somebody(), vec![line(product, producer, 1000, 250)]).await;
        story.held().await;
    }
    market.project().await;
    let parked = market.parked().await;
    assert!(parked.len() > 12, "{parked:?}");
    let rebuilds = rebuilds(&market);
    for model in [Model::Orders, Model::OrderHistory, Model::Products] {
        rebuilds.request(&of(model)).await.unwrap();
        // Not told beforehand that something is parked, it finds out.
        sqlx::query("update parked_events set projection = 'x' || projection where projection = $1")
            .bind(model.as_str())
            .execute(market.pool())
            .await
            .unwrap();
        rebuilds.work_on(model, &CancellationToken::new()).await.unwrap();
        sqlx::query("delete from parked_events where projection like 'x%'")
            .execute(market.pool())
            .await
            .unwrap();
    }
    assert_eq!(market.parked().await, parked);
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_nobody_knows_are_refused_and_the_known_one_is_named() {
    let market = Market::open().await;
    let rebuilds = rebuilds(&market);
    let refused =
        rebuilds.request(&RebuildRequest { version: Some(7), ..of(Model::Orders) }).await.unwrap_err();
    assert_eq!(refused.to_string(), "this program knows no version 7 of orders: it writes version 1");
    let refused =
        rebuilds.request(&RebuildRequest { shards: Some(0), ..of(Model::Orders) }).await.unwrap_err();
    assert_eq!(refused.to_string(), "a rebuild has 1 to 8 shards, not 0");
    let unknown = "orderz".parse::<Model>().unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no projection \"orderz\": known are accounts, products, orders, order_history, deliveries, baskets, sagas, search"
    );
}

/// Products as a later program might keep them: with a column more, and another price.
#[derive(Default)]
struct NewerProducts(ProductsProjection);

#[async_trait]
impl Projection for NewerProducts {
    const MODEL: Model = Model::Products;
    const VERSION: i32 = 2;
    const TABLES: &'static [&'static str] = ProductsProjection::TABLES;
    const CHANGES: &'static [(i32, &'static str)] =
        &[(2, "alter table products add column rebuilt boolean not null default true")];

    fn wants(event: &agrodeep_event_store::RecordedEvent) -> bool {
        ProductsProjection::wants(event)
    }
    fn subject(event: &LogEvent) -> Option<StreamId> {
        ProductsProjection::subject(event)
    }
    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        self.0.load(connection, events).await
    }
    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        self.0.fold(event)
    }
    async fn leave_out(connection: &mut PgConnection, event: &LogEvent) -> Result<(), sqlx::Error> {
        ProductsProjection::leave_out(connection, event).await
    }
    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.0.write(connection).await
    }
    fn stored(&mut self) {
        self.0.stored();
    }
    fn forget(&mut self) {
        self.0.forget();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_newer_version_builds_its_own_rows_beside_and_switches() {
    let market = Market::open().await;
    busy(&market, 10).await;
    market.project().await;
    // Somebody who has asked before asks again after, on the same connection.
    let mut reader = market.pool().acquire().await.unwrap();
    let ask = "select product_id, name from products order by product_id";
    let before: Vec<(Uuid, serde_json::Value)> = sqlx::query_as(ask).fetch_all(&mut *reader).await.unwrap();

    let stop = CancellationToken::new();
    let mut newer = market.runner::<NewerProducts>().await;
    let child = stop.clone();
    let running = tokio::spawn(async move { newer.run(&child).await });
    let rebuilds = rebuilds(&market);
    while rebuilds.list().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let live = checkpoint::read(market.pool(), Model::Products).await.unwrap().unwrap();
    assert_eq!((live.version, live.generation), (1, 0), "the old rows are read meanwhile");
    let status = rebuilds.list().await.unwrap().remove(0);
    assert_eq!((status.version, status.requested_by.as_str()), (2, "system:version 2"));
    // A program of the older version leaves it alone.
    assert_eq!(work_on::<ProductsProjection>(&rebuilds, &stop).await.unwrap(), Finished::Nothing);
    assert!(matches!(work_on::<NewerProducts>(&rebuilds, &stop).await.unwrap(), Finished::Switched(_)));

    let live = checkpoint::read(market.pool(), Model::Products).await.unwrap().unwrap();
    assert_eq!((live.version, live.generation), (2, 1));
    let after: Vec<(Uuid, serde_json::Value)> = sqlx::query_as(ask).fetch_all(&mut *reader).await.unwrap();
    assert_eq!(after, before);
    let rebuilt: bool =
        sqlx::query_scalar("select bool_and(rebuilt) from products").fetch_one(market.pool()).await.unwrap();
    assert!(rebuilt);
    // The newer program goes on by itself.
    offered(&market, somebody(), tomatoes(), 300).await;
    let head = market.log.head().await.unwrap();
    while checkpoint::read(market.pool(), Model::Products).await.unwrap().unwrap().position < head {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_at_hand_are_forgotten_when_others_take_their_place() {
    let market = Market::open().await;
    busy(&market, 5).await;
    market.project().await;
    let stop = CancellationToken::new();
    let mut live = market.runner::<OrdersProjection>().await;
    let head = market.log.head().await.unwrap();
    live.run_until(head, &stop).await;
    // What is at hand is of before; what is there is another generation at the same position.
    sqlx::query("update checkpoints set generation = 7 where projection = 'orders'")
        .execute(market.pool())
        .await
        .unwrap();
    busy(&market, 1).await;
    let events = market.log.read(head, 10).await.unwrap();
    assert!(!live.wake_with(events).await);
    let found = checkpoint::read(market.pool(), Model::Orders).await.unwrap().unwrap();
    assert_eq!(found, Checkpoint { version: 1, position: head, generation: 7 });
    let until = market.log.head().await.unwrap();
    live.run_until(until, &stop).await;
    assert_eq!(checkpoint::read(market.pool(), Model::Orders).await.unwrap().unwrap().position, until);
}
