//! Products, listed, found and looked at.

use agrodeep_domain::{
    Language, LocalizedText, Product, ProductId,
    product::{ProductDelisted, ProductRepriced},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    people::{ANALYST, BUYER, GROWER, OTHER_PRODUCER},
    story::{Tale, catalogue, eur, honey, offered, tomatoes},
    world::{World, happens, raw},
};

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|product| product["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_product_is_shown_with_its_stock_and_its_producer() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all([tale.placed(), tale.held(tomatoes())]).await;

    let answer = world.get(BUYER, &format!("/v1/products/{}", tomatoes())).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    assert_eq!(raw(&answer, "price"), "4.50");
    assert_eq!(raw(&answer, "stock_quantity"), "150");
    assert_eq!(
        answer.ok(),
        json!({
            "id": tomatoes().to_string(),
            "name": { "fr": "Tomates Bio Marmande", "en": "Organic Marmande Tomatoes" },
            "description": null,
            "category_id": "cat_vegetables",
            "price": 4.5,
            "currency": "EUR",
            "unit": "kg",
            "stock_quantity": 150,
            "available_quantity": 148,
            "held_quantity": 2,
            "is_organic": true,
            "is_fair_trade": false,
            "images": ["https://cdn.agrodeep.test/1.jpg"],
            "tags": ["bio"],
            "status": "active",
            "producer": { "id": GROWER.id().to_string(), "company": "Ferme de Jean", "rating": null },
            "distance_km": null,
            "qr_code_url": format!("https://api.agrodeep.test/v1/products/{}/qrcode", tomatoes()),
            "created_at": "2024-08-15T10:40:00Z",
            "updated_at": "2024-08-15T10:43:00Z",
            "version": 2,
        })
    );
}

#[tokio::test]
async fn a_client_that_has_the_version_does_not_get_it_again() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let path = format!("/v1/products/{}", tomatoes());

    let answer = world.get_with(BUYER, &path, &[("if-none-match", "\"1\"")]).await;
    assert_eq!(answer.status, 304);
    assert_eq!(answer.header("etag"), "\"1\"");
    assert!(answer.body.is_empty());

    world
        .happen(happens::<Product>(tomatoes().uuid(), GROWER.actor(), ProductRepriced { price: eur(480) }))
        .await;
    let answer = world.get_with(BUYER, &path, &[("if-none-match", "\"1\"")]).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    assert_eq!(answer.ok()["price"], 4.8);
}

#[tokio::test]
async fn a_delisted_product_can_be_looked_at_but_is_not_listed() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    world.happen(happens::<Product>(honey().uuid(), GROWER.actor(), ProductDelisted {})).await;

    let product = world.get(BUYER, &format!("/v1/products/{}", honey())).await.ok();
    assert_eq!(product["status"], "delisted");
    let page = world.get(BUYER, "/v1/products").await.ok();
    assert_eq!(ids(&page), [tomatoes().to_string()]);
    assert_eq!(page["meta"]["total"], 1);
}

#[tokio::test]
async fn the_list_is_filtered_sorted_and_cut_into_pages() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let name = LocalizedText::parse([(Language::En, "Carrots".to_owned())].into(), 200).unwrap();
    let carrots = ProductId::from_uuid(Uuid::now_v7());
    world.happen(offered(carrots, OTHER_PRODUCER, name, "cat_vegetables", 120, 9)).await;
    let (tomatoes, honey, carrots) = (tomatoes().to_string(), honey().to_string(), carrots.to_string());
    let (tomatoes, honey, carrots) = (tomatoes.as_str(), honey.as_str(), carrots.as_str());

    let by_grower = format!("producer={}", GROWER.id());
    for (query, expected) in [
        ("", vec![carrots, honey, tomatoes]),
        ("sort=newest", vec![carrots, honey, tomatoes]),
        ("sort=price", vec![carrots, tomatoes, honey]),
        ("category=vegetables", vec![carrots, tomatoes]),
        ("category=cat_vegetables", vec![carrots, tomatoes]),
        ("category=nothing", vec![]),
        ("min_price=4.5", vec![honey, tomatoes]),
        ("max_price=1.20", vec![carrots]),
        ("min_price=1.21&max_price=4.49", vec![]),
        ("is_organic=true", vec![carrots, tomatoes]),
        ("is_organic=false", vec![honey]),
        (&by_grower, vec![tomatoes]),
        ("category=vegetables&max_price=2&is_organic=true", vec![carrots]),
        ("in_stock=true", vec![carrots, honey, tomatoes]),
        ("in_stock=false", vec![]),
        ("sort=popularity", vec![carrots, honey, tomatoes]),
        ("limit=2", vec![carrots, honey]),
        ("limit=2&page=2", vec![tomatoes]),
        ("limit=2&page=9", vec![]),
    ] {
        let page = world.get(ANALYST, &format!("/v1/products?{query}")).await.ok();
        assert_eq!(ids(&page), expected, "{query}");
    }

    let answer = world.get(BUYER, "/v1/products?limit=2&page=1&sort=price").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("vary"), "agrodeep-min-position");
    assert!(
        answer.header("link").contains("</v1/products?page=2&limit=2&sort=price>; rel=\"next\""),
        "{}",
        answer.header("link")
    );
    let meta = answer.ok()["meta"].clone();
    assert_eq!(meta, json!({ "current_page": 1, "last_page": 2, "total": 3, "per_page": 2 }));
}

#[tokio::test]
async fn an_unknown_product_is_not_found() {
    let world = World::new().await;
    let answer = world.get(BUYER, &format!("/v1/products/{}", tomatoes())).await;
    assert_eq!(answer.problem(404)["error"], "not_found");
}
