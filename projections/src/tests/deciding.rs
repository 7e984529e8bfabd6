//! What people decide about parked aggregates, and that it is carried out while everything else goes on.

use std::{sync::Arc, time::Duration};

use agrodeep_domain::{
    Aggregate, Order, Product, ProductId,
    product::{ProductRepriced, StockCounted},
};
use agrodeep_event_store::{Position, StreamId};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    market::{Market, SYSTEM},
    story::{Story, euros, kilos, line, offered, somebody, tomatoes},
};
use crate::{
    Model, Page, Projections, ReadModels, Wanted,
    parking::{DecideError, Decision, DecisionKind, Outcome, ParkedFilter, ParkingDesk, Verdict},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Projections that run, and the desk beside them.
struct Running {
    desk: ParkingDesk,
    reads: ReadModels,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(market: &Market) -> Self {
        let projections = Projections::new(market.log.clone(), market.pool().clone());
        let reads = market.reads.clone().with_progress(projections.progress());
        let stop = CancellationToken::new();
        let task = tokio::spawn(projections.run(stop.clone()));
        Self { desk: ParkingDesk::new(market.pool().clone()), reads, stop, task }
    }

    async fn decide(&self, model: Model, stream: &StreamId, verdict: Verdict) -> Decision {
        let id = self.desk.decide(model, stream, &verdict, "account:marie").await.unwrap();
        self.desk.carried_out(&[id], PATIENCE).await.unwrap().remove(0)
    }

    async fn caught_up(&self, market: &Market) {
        let wanted = Wanted { position: market.log.head().await.unwrap(), about: &[] };
        let models =
            [Model::Products, Model::Orders, Model::OrderHistory, Model::Accounts, Model::Deliveries];
        for model in models {
            // What is parked has been taken in, too.
            match self.reads.wait_for(&[model], wanted, PATIENCE).await {
                Ok(()) => {}
                Err(crate::WaitError::Behind(behind)) if behind.cause == crate::Cause::Parked => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn repriced(market: &Market, id: ProductId, price: i64) -> Position {
    market.happens::<Product>(id.uuid(), "test", ProductRepriced { price: euros(price) }).await
}

pub fn counted(kilograms: i64) -> StockCounted {
    StockCounted { on_hand: kilos(kilograms * 1000) }
}

fn product_stream(id: ProductId) -> StreamId {
    StreamId::new(Product::TYPE, id.uuid())
}

fn skip(reason: &str) -> Verdict {
    Verdict::Skip { reason: reason.to_owned() }
}

/// A defect that refuses one price, until it is mended.
async fn break_price(market: &Market, price: &str) {
    let sql = format!("alter table products add constraint defect check (price <> {price})");
    sqlx::query(&sql).execute(market.pool()).await.unwrap();
}

async fn mend(market: &Market) {
    sqlx::query("alter table products drop constraint defect").execute(market.pool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_products_one_is_parked_in_order_and_a_retry_after_a_fix_brings_it_level() {
    let market = Market::open().await;
    let running = Running::start(&market);
    let mut products = Vec::new();
    for _ in 0..1000 {
        products.push(offered(&market, somebody(), tomatoes(), 250).await);
    }
    let sick = products[500];
    let sql = format!(
        "alter table products add constraint defect check (version = 1 or product_id <> '{}')",
        sick.uuid()
    );
    sqlx::query(&sql).execute(market.pool()).await.unwrap();
    let poison = repriced(&market, sick, 666).await;
    let mut waiting = Vec::new();
    for (n, &product) in products.iter().enumerate() {
        let position = repriced(&market, product, 3000 + n as i64).await;
        if product == sick {
            waiting.push(position);
            waiting.push(repriced(&market, sick, 777).await);
        }
    }
    running.caught_up(&market).await;

    let shown = running.desk.show(Model::Products, &product_stream(sick)).await.unwrap().unwrap();
    let positions: Vec<_> = shown.events.iter().map(|event| event.position).collect();
    assert_eq!(positions, [poison, waiting[0], waiting[1]]);
    let parked = shown.parked.unwrap();
    assert_eq!((parked.position, parked.waiting), (poison, 2));
    assert_eq!(parked.error_class.as_deref(), Some("refused_by_database"));
    for (n, &product) in products.iter().enumerate() {
        let found = market.reads.product(product).await.unwrap().unwrap();
        let expected = if product == sick { (250, 1) } else { (3000 + n as i64, 2) };
        assert_eq!((found.price, found.version), (euros(expected.0), expected.1), "{n}");
    }
    let status = running.reads.status().await.unwrap();
    let products_status = status.iter().find(|status| status.model == Model::Products).unwrap();
    assert_eq!((products_status.parked_aggregates, products_status.parked_events), (1, Some(3)));
    assert_eq!(products_status.events_behind, 0);

    // Not mended: nothing is lost, and it is said again why.
    let decision = running.decide(Model::Products, &product_stream(sick), Verdict::Retry).await;
    assert_eq!((decision.outcome, decision.applied), (Some(Outcome::StillParked), 0));

    // Mended; and everybody, the sick one included, goes on writing meanwhile.
    mend(&market).await;
    let writing = {
        let (market, products) = (market.clone(), products.clone());
        tokio::spawn(async move {
            for n in 0..300 {
                repriced(&market, sick, 1000 + n).await;
                repriced(&market, products[n as usize], 1000 + n).await;
            }
        })
    };
    let decision = running.decide(Model::Products, &product_stream(sick), Verdict::Retry).await;
    assert_eq!(decision.outcome, Some(Outcome::Released));
    assert!(decision.applied >= 3, "{}", decision.applied);
    writing.await.unwrap();
    running.caught_up(&market).await;
    assert_eq!(market.parked().await, []);
    let found = market.reads.product(sick).await.unwrap().unwrap();
    assert_eq!((found.price, found.version), (euros(1299), 304));
    running.stop().await;
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_transaction_takes_is_released_in_order() {
    let market = Market::open().await;
    break_price(&market, "6.66").await;
    let running = Running::start(&market);
    let sick = offered(&market, somebody(), tomatoes(), 250).await;
    repriced(&market, sick, 666).await;
    running.caught_up(&market).await;
    for n in 0..1200 {
        repriced(&market, sick, 1000 + n).await;
    }
    // Refused as well, at the end of a release.
    repriced(&market, sick, 999).await;
    running.caught_up(&market).await;
    mend(&market).await;
    break_price(&market, "9.99").await;
    let decision = running.decide(Model::Products, &product_stream(sick), Verdict::Retry).await;
    assert_eq!((decision.outcome, decision.applied), (Some(Outcome::StillParked), 1201));
    let found = market.reads.product(sick).await.unwrap().unwrap();
    assert_eq!((found.price, found.version), (euros(2199), 1202));
    let parked = running.desk.show(Model::Products, &product_stream(sick)).await.unwrap().unwrap().parked;
    assert_eq!(parked.unwrap().waiting, 0);
    mend(&market).await;
    let decision = running.decide(Model::Products, &product_stream(sick), Verdict::Retry).await;
    assert_eq!((decision.outcome, decision.applied), (Some(Outcome::Released), 1));
    running.stop().await;
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_event_is_read_and_understood_anew() {
    let market = Market::open().await;
    let running = Running::start(&market);
    let sick = offered(&market, somebody(), tomatoes(), 250).await;
    let unreadable = "{\"ProductRepriced\":{\"price\":\"a lot\"}}".to_owned();
    let position = market.appears(product_stream(sick), "test", "ProductRepriced", "1", unreadable).await;
    running.caught_up(&market).await;
    assert_eq!(market.parked().await.len(), 1);
    // What an upcaster would do, done to the log itself.
    sqlx::query("alter table public.events disable trigger user").execute(market.pool()).await.unwrap();
    sqlx::query("update public.events set payload = '{\"ProductRepriced\":{\"price\":\"9.50 EUR\"}}' where position = $1")
        .bind(position.0)
        .execute(market.pool())
        .await
        .unwrap();
    let decision = running.decide(Model::Products, &product_stream(sick), Verdict::Retry).await;
    assert_eq!(decision.outcome, Some(Outcome::Released));
    assert_eq!(market.reads.product(sick).await.unwrap().unwrap().price, euros(950));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_event_is_left_out_for_good_and_it_stays_known_who_did_it() {
    let market = Market::open().await;
    let running = Running::start(&market);
    let (sick, producer) = (offered(&market, somebody(), tomatoes(), 250).await, somebody());
    let stream = product_stream(sick);
    let unknown = market.appears(stream.clone(), SYSTEM, "ProductPainted", "1", "{}".to_owned()).await;
    repriced(&market, sick, 400).await;
    let other = offered(&market, producer, tomatoes(), 250).await;
    let order = Story::placed(&market, somebody(), vec![line(other, producer, 1000, 250)]).await;
    let order_stream = StreamId::new(Order::TYPE, order.id.uuid());
    market.appears(order_stream.clone(), SYSTEM, "OrderGiftWrapped", "1", "{}".to_owned()).await;
    order.hold(0).await;
    order.confirmed().await;
    running.caught_up(&market).await;

    let decision = running.decide(Model::Products, &stream, skip("a test painted it")).await;
    assert_eq!((decision.outcome, decision.applied), (Some(Outcome::Released), 1));
    assert_eq!(
        decision.kind,
        DecisionKind::Skip { position: unknown, reason: "a test painted it".to_owned() }
    );
    let found = market.reads.product(sick).await.unwrap().unwrap();
    assert_eq!((found.price, found.version), (euros(400), 3));
    let decision = running.decide(Model::Orders, &order_stream, skip("no gifts")).await;
    assert_eq!((decision.outcome, decision.applied), (Some(Outcome::Released), 2));
    let found = market.reads.order(order.id).await.unwrap().unwrap();
    assert_eq!(found.version, 3);
    // What was in the basket has been bought, whatever that event meant.
    let decision = running.decide(Model::Baskets, &order_stream, skip("no gifts")).await;
    assert_eq!((decision.outcome, decision.applied), (Some(Outcome::Released), 1));

    // Orders do not know what that event may have meant to them, either.
    running.decide(Model::Orders, &stream, skip("a test painted it")).await;
    running.decide(Model::OrderHistory, &stream, skip("a test painted it")).await;
    // Life goes on, and the decision is still there to be seen.
    repriced(&market, sick, 500).await;
    running.caught_up(&market).await;
    assert_eq!(market.parked().await, []);
    let shown = running.desk.show(Model::Products, &stream).await.unwrap().unwrap();
    assert_eq!(shown.parked, None);
    let [decision] = &shown.decisions[..] else { panic!("{:?}", shown.decisions) };
    assert_eq!(decision.decided_by, "account:marie");
    assert_eq!(decision.event_type.as_deref(), Some("ProductPainted"));
    assert_eq!(decision.error_class.as_deref(), Some("unknown_event"));
    running.stop().await;
    // A fold from the beginning leaves it out, too.
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_parked_is_retried_at_once() {
    let market = Market::open().await;
    break_price(&market, "6.66").await;
    let running = Running::start(&market);
    for n in 0..30 {
        let sick = offered(&market, somebody(), tomatoes(), 250).await;
        repriced(&market, sick, 666).await;
        // A row is written once a batch, with what came last: alone in its batch, what is refused is seen.
        running.caught_up(&market).await;
        repriced(&market, sick, 700 + n).await;
    }
    let hopeless = offered(&market, somebody(), tomatoes(), 250).await;
    market.appears(product_stream(hopeless), SYSTEM, "ProductPainted", "1", "{}".to_owned()).await;
    running.caught_up(&market).await;
    let page = Page { page: 2, limit: 20 };
    let filter = ParkedFilter { projection: Some(Model::Products) };
    let parked = running.desk.parked(filter, page).await.unwrap();
    assert_eq!((parked.total, parked.items.len()), (31, 11));
    let nothing = ParkedFilter { projection: Some(Model::Deliveries) };
    assert_eq!(running.desk.parked(nothing, page).await.unwrap().total, 0);
    mend(&market).await;
    let ids = running.desk.retry_all(None, "account:marie").await.unwrap();
    let decisions = running.desk.carried_out(&ids, PATIENCE).await.unwrap();
    let released = decisions.iter().filter(|decision| decision.outcome == Some(Outcome::Released)).count();
    assert_eq!((decisions.len(), released), (33, 30));
    assert_eq!(market.parked().await.len(), 3, "the unknown event, where it may mean something");
    running.stop().await;
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_parked_or_was_decided_already_is_not_decided_about() {
    let market = Market::open().await;
    let fine = product_stream(offered(&market, somebody(), tomatoes(), 250).await);
    let sick = product_stream(offered(&market, somebody(), tomatoes(), 250).await);
    market.appears(sick.clone(), SYSTEM, "ProductPainted", "1", "{}".to_owned()).await;
    market.project().await;
    let desk = ParkingDesk::new(market.pool().clone());
    let refused = desk.decide(Model::Products, &fine, &Verdict::Retry, "x").await;
    assert_eq!(refused, Err(DecideError::NotParked { projection: Model::Products, stream: fine.clone() }));
    assert_eq!(desk.show(Model::Products, &fine).await.unwrap(), None);
    // Nobody is there to carry it out.
    let id = desk.decide(Model::Products, &sick, &skip("why not"), "x").await.unwrap();
    assert_eq!(desk.carried_out(&[id], Duration::from_millis(20)).await.unwrap()[0].outcome, None);
    let refused = desk.decide(Model::Products, &sick, &Verdict::Retry, "x").await;
    assert_eq!(refused, Err(DecideError::Pending { stream: sick.clone() }));
    // Who comes later does it.
    market.project().await;
    repriced(&market, ProductId::from_uuid(fine.uuid()), 300).await;
    market.project().await;
    assert_eq!(desk.decisions(&[id]).await.unwrap()[0].outcome, Some(Outcome::Released));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_one_carries_a_decision_out_and_rows_at_hand_stay_true() {
    let market = Market::open().await;
    break_price(&market, "6.66").await;
    let (first, second) = (Running::start(&market), Running::start(&market));
    let mut products = Vec::new();
    for _ in 0..10 {
        products.push(offered(&market, somebody(), tomatoes(), 250).await);
    }
    for &product in &products {
        repriced(&market, product, 666).await;
    }
    first.caught_up(&market).await;
    assert_eq!(market.parked().await.len(), 10);
    mend(&market).await;
    let ids = first.desk.retry_all(Some(Model::Products), "x").await.unwrap();
    let market = Arc::clone(&market);
    for n in 0..50 {
        for &product in &products {
            repriced(&market, product, 1000 + n).await;
        }
    }
    let decisions = first.desk.carried_out(&ids, PATIENCE).await.unwrap();
    assert!(decisions.iter().all(|decision| decision.outcome == Some(Outcome::Released)), "{decisions:?}");
    first.caught_up(&market).await;
    for &product in &products {
        let found = market.reads.product(product).await.unwrap().unwrap();
        assert_eq!((found.price, found.version), (euros(1049), 52));
    }
    first.stop().await;
    second.stop().await;
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
}
