//! What is bought together, and what is recommended for it.

use agrodeep_domain::{
    AccountId, Product, ProductId,
    order::{CancelReason, OrderCancelled},
    product::{ProductDelisted, StockCounted},
};
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    market::{Market, SYSTEM},
    story::{Story, kilos, line, offered, somebody, tomatoes},
};

const ALL: usize = 50;

/// Somebody buys these, and has paid.
async fn buys<'m>(market: &'m Market, buyer: AccountId, products: &[ProductId]) -> Story<'m> {
    let lines = products.iter().map(|product| line(*product, somebody(), 1000, 250)).collect();
    let story = Story::placed(market, buyer, lines).await;
    story.paid().await;
    story.confirmed().await;
    story
}

async fn shelf<const N: usize>(market: &Market) -> [ProductId; N] {
    let mut products = Vec::new();
    for _ in 0..N {
        products.push(offered(market, somebody(), tomatoes(), 250).await);
    }
    products.try_into().unwrap()
}

async fn recommended(
    market: &Market,
    buyer: AccountId,
    now: DateTime<Utc>,
) -> Vec<(ProductId, Option<ProductId>)> {
    let found = market.reads.recommendations(buyer, now, ALL).await.unwrap();
    found.items.into_iter().map(|item| (item.product.product_id, item.because_of)).collect()
}

fn later(market: &Market) -> DateTime<Utc> {
    market.now() + TimeDelta::days(31)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_bought_together_is_recommended_before_what_most_people_buy() {
    let market = Market::open().await;
    let [bread, butter, jam, tea, spoon] = shelf(&market).await;
    let marie = somebody();
    buys(&market, marie, &[bread]).await;
    for _ in 0..3 {
        buys(&market, somebody(), &[bread, butter]).await;
        buys(&market, somebody(), &[tea]).await;
        buys(&market, somebody(), &[tea]).await;
    }
    buys(&market, somebody(), &[bread, jam]).await;
    market.project().await;
    // Bread was bought a moment ago. Tea goes with nothing, but six have bought it; a spoon nobody has.
    let expected = [(butter, Some(bread)), (jam, Some(bread)), (tea, None), (spoon, None)];
    assert_eq!(recommended(&market, marie, market.now()).await, expected);
    // A month later it may be bread again.
    assert!(recommended(&market, marie, later(&market)).await.iter().any(|(product, _)| *product == bread));
    let found = market.reads.recommendations(marie, later(&market), 1).await.unwrap();
    assert_eq!((found.items.len(), found.orders_known), (1, 1));
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bought_in_the_last_thirty_days_is_not_recommended_again() {
    let market = Market::open().await;
    let [bread, butter, jam] = shelf(&market).await;
    let marie = somebody();
    buys(&market, marie, &[bread, butter]).await;
    let bought_at = market.now();
    buys(&market, somebody(), &[bread, butter, jam]).await;
    market.project().await;
    let products = async |now| {
        let mut products: Vec<_> =
            recommended(&market, marie, now).await.into_iter().map(|(product, _)| product).collect();
        products.sort_unstable();
        products
    };
    assert_eq!(products(market.now()).await, [jam]);
    assert_eq!(products(bought_at + TimeDelta::days(29)).await, [jam]);
    assert_eq!(products(bought_at + TimeDelta::days(30)).await, [bread, butter, jam]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_bought_nothing_is_told_what_most_people_buy() {
    let market = Market::open().await;
    let [bread, tea, spoon] = shelf(&market).await;
    buys(&market, somebody(), &[bread]).await;
    buys(&market, somebody(), &[tea, bread]).await;
    market.project().await;
    let found = market.reads.recommendations(somebody(), later(&market), ALL).await.unwrap();
    let products: Vec<_> = found.items.iter().map(|item| item.product.product_id).collect();
    assert_eq!((products, found.orders_known), (vec![bread, tea, spoon], 0));
    assert!(found.items.iter().all(|item| item.because_of.is_none() && item.bought_before == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recommended_that_cannot_be_ordered() {
    let market = Market::open().await;
    let [bread, butter, jam, tea, cake] = shelf(&market).await;
    let marie = somebody();
    buys(&market, marie, &[bread]).await;
    buys(&market, somebody(), &[bread, butter, jam, tea, cake]).await;
    market.happens::<Product>(butter.uuid(), "test", ProductDelisted {}).await;
    market.happens::<Product>(jam.uuid(), "test", StockCounted { on_hand: kilos(0) }).await;
    // All that is left of it is held for somebody.
    let story = Story::placed(&market, somebody(), vec![line(tea, somebody(), 100_000, 250)]).await;
    story.hold(0).await;
    market.project().await;
    assert_eq!(recommended(&market, marie, market.now()).await, [(cake, Some(bread))]);
    let to_a_stranger = recommended(&market, somebody(), market.now()).await;
    assert_eq!(to_a_stranger, [(bread, None), (cake, None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_counts_once_it_is_paid_for_and_no_longer_when_it_is_cancelled() {
    let market = Market::open().await;
    let [bread, butter] = shelf(&market).await;
    let marie = somebody();
    let count = async |product: ProductId| -> i64 {
        market.project().await;
        assert!(market.check().await.is_clean());
        sqlx::query_scalar("select orders from popularity where product_id = $1")
            .bind(product.uuid())
            .fetch_one(market.pool())
            .await
            .unwrap()
    };
    let unpaid = Story::placed(&market, marie, vec![line(bread, somebody(), 1000, 250)]).await;
    assert_eq!(count(bread).await, 0);
    let paid = buys(&market, somebody(), &[bread, butter]).await;
    assert_eq!(count(bread).await, 1);
    assert_eq!(recommended(&market, marie, market.now()).await, [(butter, None), (bread, None)]);
    unpaid.confirmed().await;
    assert_eq!(count(bread).await, 2);
    assert_eq!(recommended(&market, marie, later(&market)).await[0], (butter, Some(bread)));
    let cancelled = || OrderCancelled { reason: CancelReason::BuyerRequest, note: None, refund_due: None };
    paid.order(SYSTEM, cancelled()).await;
    assert_eq!((count(bread).await, count(butter).await), (1, 0));
    assert!(recommended(&market, marie, later(&market)).await.iter().all(|(_, because)| because.is_none()));
    let left: i64 =
        sqlx::query_scalar("select count(*) from purchases").fetch_one(market.pool()).await.unwrap();
    assert_eq!(left, 1);
}
