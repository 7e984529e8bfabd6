//! Events that cannot be applied: their aggregates wait, everything else goes on.

use agrodeep_domain::{Aggregate, Order, Product, ProductId, product::ProductCreated};
use agrodeep_event_store::StreamId;
use uuid::Uuid;

use super::{
    market::{Market, SYSTEM},
    story::{Story, busy, details, euros, kilos, line, offered, somebody, text, tomatoes},
};
use crate::{Model, orders::ItemStatus};

fn row(
    model: Model,
    position: agrodeep_event_store::Position,
    behind: &StreamId,
    poison: bool,
) -> (String, i64, String, bool) {
    (model.to_string(), position.0, behind.to_string(), poison)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_event_parks_its_aggregate_and_later_events_wait_in_order() {
    let market = Market::open().await;
    let marie = somebody();
    let product = offered(&market, marie, tomatoes(), 250).await;
    let lines = || vec![line(product, marie, 1000, 250)];
    let poisoned = Story::placed(&market, somebody(), lines()).await;
    let fine = Story::placed(&market, somebody(), lines()).await;
    let stream = StreamId::new(Order::TYPE, poisoned.id.uuid());
    let unknown = market
        .appears(stream.clone(), SYSTEM, "OrderGiftWrapped", "1", "{\"OrderGiftWrapped\":{}}".to_owned())
        .await;
    let held = poisoned.hold(0).await;
    fine.held().await;
    let confirmed = poisoned.confirmed().await;
    fine.confirmed().await;
    market.project().await;

    // The hold is the product's event, but tells something about the order: it waits behind it.
    assert_eq!(
        market.parked().await,
        [
            row(Model::Baskets, unknown, &stream, true),
            row(Model::Baskets, confirmed, &stream, false),
            row(Model::Orders, unknown, &stream, true),
            row(Model::Orders, held, &stream, false),
            row(Model::Orders, confirmed, &stream, false),
        ]
    );
    let order = market.reads.order(poisoned.id).await.unwrap().unwrap();
    assert_eq!((order.version, order.items[0].status), (1, ItemStatus::Pending));
    let order = market.reads.order(fine.id).await.unwrap().unwrap();
    assert_eq!((order.version, order.items[0].status), (2, ItemStatus::Reserved));
    // The product itself knows of all that is held.
    let product = market.reads.product(product).await.unwrap().unwrap();
    assert_eq!(product.held_quantity, kilos(2000));
    // The order's history is told, as it needs no understanding.
    let history =
        market.reads.order_history(poisoned.id, agrodeep_event_store::Position::START, 100).await.unwrap();
    assert_eq!(history.len(), 4);
    assert!(market.check().await.is_clean());

    // Also after a restart, when what is parked is read from the database.
    let later = poisoned.prepared(marie, true).await;
    market.project().await;
    assert_eq!(market.parked().await.last(), Some(&row(Model::Orders, later, &stream, false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_payloads_unknown_versions_and_events_without_a_beginning_are_parked() {
    let market = Market::open().await;
    let good = offered(&market, somebody(), tomatoes(), 250).await;
    let mut expected = Vec::new();
    for (event_type, version, payload) in [
        ("ProductRepriced", "1", "{\"ProductRepriced\":{\"price\":\"a lot\"}}"),
        ("ProductRepriced", "2", "{\"ProductRepriced\":{\"price\":\"1.00 EUR\"}}"),
        ("ProductDelisted", "1", "{\"ProductRepriced\":{\"price\":\"1.00 EUR\"}}"),
        ("ProductRepriced", "1", "null"),
        // Readable, but of a product that nobody has offered.
        ("ProductRepriced", "1", "{\"ProductRepriced\":{\"price\":\"1.00 EUR\"}}"),
    ] {
        let stream = StreamId::new(Product::TYPE, Uuid::now_v7());
        let position = market.appears(stream.clone(), "test", event_type, version, payload.to_owned()).await;
        expected.push(row(Model::Products, position, &stream, true));
    }
    market.project().await;
    let parked: Vec<_> = market.parked().await.into_iter().filter(|row| row.0 == "products").collect();
    assert_eq!(parked, expected);
    assert!(market.reads.product(good).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn why_an_event_is_parked_is_told_without_its_content() {
    let market = Market::open().await;
    let stream = StreamId::new("account", Uuid::now_v7());
    let payload = "{\"AccountRegistered\":{\"account_id\":\"marie@ferme.example\"}}";
    market.appears(stream, "test", "AccountRegistered", "1", payload.to_owned()).await;
    market.project().await;
    let reason: String =
        sqlx::query_scalar("select reason from parked_events").fetch_one(market.pool()).await.unwrap();
    assert!(reason.contains("AccountRegistered") && !reason.contains("marie"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_only_the_database_refuses_is_found_in_its_batch_and_parked() {
    let market = Market::open().await;
    busy(&market, 10).await;
    // JSON can hold a NUL, Postgres' texts cannot.
    let id = ProductId::from_uuid(Uuid::now_v7());
    let mut details = details("Tomates", "", "cat_vegetables", &[]);
    details.name = text("Toma\0tes", "");
    let created = ProductCreated {
        product_id: id,
        producer_id: somebody(),
        details,
        price: euros(100),
        stock: kilos(1),
    };
    let position = market.happens::<Product>(id.uuid(), "test", created).await;
    busy(&market, 10).await;
    market.project().await;
    let stream = StreamId::new(Product::TYPE, id.uuid());
    assert_eq!(market.parked().await, [row(Model::Products, position, &stream, true)]);
    assert_eq!(market.reads.product(id).await.unwrap(), None);
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.rows["products"], 6);
}
