//! What the product index cannot apply, and what it is told to leave out.

use std::time::Duration;

use agrodeep_domain::{
    Product, ProductId,
    product::{ProductDelisted, ProductDescribed, ProductRepriced},
};
use agrodeep_event_store::StreamId;
use tokio_util::sync::CancellationToken;

use super::{
    market::Market,
    search::{Folder, Running, ids, query},
    story::{details, euros, offered, somebody, tomatoes},
};
use crate::{
    Model, Projections,
    parking::{DecideError, Outcome, ParkingDesk, Verdict},
    products::ProductFilter,
    search::SearchQuery,
    verify::compare_index,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_product_with_an_event_that_cannot_be_applied_stays_as_it_was() {
    let (market, folder) = (Market::open().await, Folder::new());
    let id = offered(&market, somebody(), tomatoes(), 250).await;
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.find("tomate").await, [id]);
    let stream = StreamId::new("product", id.uuid());
    market.appears(stream, "test", "ProductPainted", "1", "{\"ProductPainted\":{}}".to_owned()).await;
    market.happens::<Product>(id.uuid(), "test", ProductRepriced { price: euros(900) }).await;
    let other = offered(&market, somebody(), details("Poires", "", "cat_fruit", &[]), 250).await;
    assert_eq!(running.find("poire").await, [other]);
    running.stop().await;
    let running = Running::start(&market, &folder.0);
    market.happens::<Product>(id.uuid(), "test", ProductDelisted {}).await;
    assert_eq!(running.find("tomate").await, [id]);
    running.stop().await;
    let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_index_has_parked_is_decided_about_like_all_else() {
    let (market, folder) = (Market::open().await, Folder::new());
    let stop = CancellationToken::new();
    let projections = Projections::new(market.log.clone(), market.pool().clone());
    let projecting = tokio::spawn(projections.run(stop.clone()));
    let desk = ParkingDesk::new(market.pool().clone());
    let id = offered(&market, somebody(), tomatoes(), 250).await;
    let running = Running::start(&market, &folder.0);
    let stream = StreamId::new("product", id.uuid());
    market.appears(stream.clone(), "test", "ProductPainted", "1", "{}".to_owned()).await;
    let anew = details("Poires", "Pears", "cat_fruit", &[]);
    market.happens::<Product>(id.uuid(), "test", ProductDescribed { details: anew }).await;
    assert_eq!(running.find("tomate").await, [id]);
    let parked = running.reads.index().unwrap().parked();
    assert_eq!((parked.len(), parked[0].position.0, parked[0].waiting), (1, 2, 1));
    assert_eq!(parked[0].error_class.as_deref(), Some("unknown_event"));

    // Nothing has changed: it is tried, and stays.
    let ask = async |model, verdict| {
        let asked = desk.decide(model, &stream, &verdict, "x").await.unwrap();
        desk.carried_out(&[asked], Duration::from_secs(60)).await.unwrap().remove(0).outcome
    };
    assert_eq!(ask(Model::Search, Verdict::Retry).await, Some(Outcome::StillParked));
    assert_eq!(running.find("poire").await, []);
    // What is skipped in the products is skipped in the index.
    let skip = Verdict::Skip { reason: "it was a joke".to_owned() };
    assert_eq!(ask(Model::Products, skip).await, Some(Outcome::Released));
    while !running.reads.index().unwrap().parked().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(running.find("poire").await, [id]);
    assert_eq!(running.find("tomate").await, []);
    running.stop().await;
    stop.cancel();
    projecting.await.unwrap();
    let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_products_leave_out_the_index_leaves_out_although_it_could_apply_it() {
    let (market, folder) = (Market::open().await, Folder::new());
    let [early, late] = [
        offered(&market, somebody(), tomatoes(), 250).await,
        offered(&market, somebody(), tomatoes(), 250).await,
    ];
    // Only the table of the products refuses this price.
    sqlx::query("alter table products add constraint defect check (price <> 6.66)")
        .execute(market.pool())
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let projections = Projections::new(market.log.clone(), market.pool().clone());
    let projecting = tokio::spawn(projections.run(stop.clone()));
    let desk = ParkingDesk::new(market.pool().clone());
    let skip = async |id: ProductId| {
        let (stream, verdict) =
            (StreamId::new("product", id.uuid()), Verdict::Skip { reason: "a joke".to_owned() });
        let asked = loop {
            match desk.decide(Model::Products, &stream, &verdict, "x").await {
                Ok(asked) => break asked,
                Err(DecideError::NotParked { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => panic!("{error}"),
            }
        };
        let carried_out = desk.carried_out(&[asked], Duration::from_secs(60)).await.unwrap().remove(0);
        assert_eq!(carried_out.outcome, Some(Outcome::Released));
    };
    let cheap = async |running: &Running| {
        let filter = ProductFilter { max_price: Some("6".parse().unwrap()), ..ProductFilter::default() };
        ids(&running.search(SearchQuery { filter, ..query("tomate") }).await)
    };
    market.happens::<Product>(early.uuid(), "test", ProductRepriced { price: euros(666) }).await;

    // The index has the event already when it is skipped,
    let running = Running::start(&market, &folder.0);
    assert_eq!(cheap(&running).await, [late]);
    skip(early).await;
    let check = async || {
        let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
    };
    check().await;
    assert_eq!(cheap(&running).await.len(), 2);
    running.stop().await;
    // or comes by it when it has been.
    market.happens::<Product>(late.uuid(), "test", ProductRepriced { price: euros(666) }).await;
    skip(late).await;
    let running = Running::start(&market, &folder.0);
    assert_eq!(cheap(&running).await.len(), 2);
    check().await;
    running.stop().await;
    stop.cancel();
    projecting.await.unwrap();
    assert!(market.check().await.is_clean());
}
