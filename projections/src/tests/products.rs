use agrodeep_domain::{
    Product,
    product::{ProductDelisted, ProductDescribed, ProductRepriced, StockCounted},
};
use rust_decimal::Decimal;

use super::{
    market::Market,
    story::{Story, details, euros, kilos, line, offered, somebody, tomatoes},
};
use crate::{
    Page,
    products::{ProductFilter, ProductSort},
};

const FIRST: Page = Page { page: 1, limit: 20 };

#[tokio::test(flavor = "multi_thread")]
async fn a_product_shows_what_is_on_hand_what_is_held_and_what_is_left() {
    let market = Market::open().await;
    let producer = somebody();
    let id = offered(&market, producer, tomatoes(), 250).await;
    let created_at = market.now();
    let first = Story::placed(&market, somebody(), vec![line(id, producer, 1500, 250)]).await;
    let second = Story::placed(&market, somebody(), vec![line(id, producer, 10_000, 250)]).await;
    first.hold(0).await;
    second.hold(0).await;
    market.project().await;
    let product = market.reads.product(id).await.unwrap().unwrap();
    assert_eq!(product.details, tomatoes());
    assert_eq!((product.price, product.producer_id), (euros(250), producer));
    assert_eq!((product.stock_quantity, product.held_quantity), (kilos(100_000), kilos(11_500)));
    assert_eq!(product.available_quantity(), kilos(88_500));
    assert_eq!((product.version, product.created_at, product.updated_at), (3, created_at, market.now()));

    first.commit(0).await;
    second.release(0).await;
    market.happens::<Product>(id.uuid(), "test", StockCounted { on_hand: kilos(90_000) }).await;
    market.happens::<Product>(id.uuid(), "test", ProductRepriced { price: euros(199) }).await;
    let anew = details("Tomates cerises", "", "cat_fruit", &[]);
    market.happens::<Product>(id.uuid(), "test", ProductDescribed { details: anew.clone() }).await;
    market.project().await;
    let product = market.reads.product(id).await.unwrap().unwrap();
    assert_eq!((product.stock_quantity, product.held_quantity), (kilos(90_000), kilos(0)));
    assert_eq!((product.details, product.price, product.version), (anew, euros(199), 8));

    let available: Decimal =
        sqlx::query_scalar("select available_quantity from products").fetch_one(market.pool()).await.unwrap();
    assert_eq!(available, Decimal::from(90));
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delisted_product_is_listed_no_more_but_can_still_be_asked_for() {
    let market = Market::open().await;
    let id = offered(&market, somebody(), tomatoes(), 250).await;
    market.happens::<Product>(id.uuid(), "test", ProductDelisted {}).await;
    market.project().await;
    let listed = market.reads.products(&ProductFilter::default(), ProductSort::Price, FIRST).await.unwrap();
    assert_eq!((listed.items.len(), listed.total), (0, 0));
    assert!(!market.reads.product(id).await.unwrap().unwrap().is_active);
    assert_eq!(market.reads.products_by_id(&[id]).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_listed_by_what_is_asked_for_page_by_page() {
    let market = Market::open().await;
    let (marie, paul) = (somebody(), somebody());
    let mut plain = details("Poires", "Pears", "cat_fruit", &[]);
    plain.is_organic = false;
    let dear = offered(&market, marie, tomatoes(), 900).await;
    let cheap = offered(&market, marie, tomatoes(), 100).await;
    let pears = offered(&market, paul, plain, 300).await;
    market.project().await;

    let list = async |filter: &ProductFilter, sort, page| {
        let page = market.reads.products(filter, sort, page).await.unwrap();
        (page.items.into_iter().map(|product| product.product_id).collect::<Vec<_>>(), page.total)
    };
    let all = ProductFilter::default();
    assert_eq!(list(&all, ProductSort::Price, FIRST).await, (vec![cheap, pears, dear], 3));
    assert_eq!(list(&all, ProductSort::Newest, FIRST).await, (vec![pears, cheap, dear], 3));
    assert_eq!(list(&all, ProductSort::Price, Page { page: 2, limit: 2 }).await, (vec![dear], 3));
    assert_eq!(list(&all, ProductSort::Price, Page { page: 9, limit: 2 }).await, (vec![], 3));

    let of = |filter: ProductFilter| async move { list(&filter, ProductSort::Price, FIRST).await.0 };
    let category = Some("cat_fruit".parse().unwrap());
    assert_eq!(of(ProductFilter { category, ..Default::default() }).await, [pears]);
    assert_eq!(of(ProductFilter { producer: Some(marie), ..Default::default() }).await, [cheap, dear]);
    assert_eq!(of(ProductFilter { is_organic: Some(false), ..Default::default() }).await, [pears]);
    let (min_price, max_price) = (Some(Decimal::from(3)), Some(Decimal::from(9)));
    assert_eq!(of(ProductFilter { min_price, ..Default::default() }).await, [pears, dear]);
    assert_eq!(of(ProductFilter { min_price, max_price, ..Default::default() }).await, [pears, dear]);
    let max_price = Some(Decimal::new(299, 2));
    assert_eq!(of(ProductFilter { max_price, ..Default::default() }).await, [cheap]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_most_people_buy_comes_first_when_asked_so_and_what_is_sold_out_can_be_left_out() {
    let market = Market::open().await;
    let marie = somebody();
    let mut products = Vec::new();
    for _ in 0..3 {
        products.push(offered(&market, marie, tomatoes(), 250).await);
    }
    let [seldom, often, never] = products[..] else { panic!() };
    for lines in [vec![often], vec![often, seldom]] {
        let lines = lines.into_iter().map(|product| line(product, marie, 1000, 250)).collect();
        Story::placed(&market, somebody(), lines).await.confirmed().await;
    }
    let all = Story::placed(&market, somebody(), vec![line(often, marie, 100_000, 250)]).await;
    market.project().await;
    let list = async |in_stock| {
        let filter = ProductFilter { in_stock, ..Default::default() };
        let page = market.reads.products(&filter, ProductSort::Popularity, FIRST).await.unwrap();
        (page.items.into_iter().map(|product| product.product_id).collect::<Vec<_>>(), page.total)
    };
    assert_eq!(list(None).await, (vec![often, seldom, never], 3));
    assert_eq!(list(Some(false)).await, (vec![], 0));
    all.hold(0).await;
    market.project().await;
    assert_eq!(list(Some(true)).await, (vec![seldom, never], 2));
    assert_eq!(list(Some(false)).await, (vec![often], 1));
}
