//! What producers offer.

use agrodeep_domain::{Product, product::ProductEvent};
use agrodeep_event_store::StreamId;
use axum::http::Method;
use serde_json::{Value, json};

use crate::journey::{Market, product_body};

#[tokio::test]
async fn a_new_product_is_told_as_the_contract_says() {
    let market = Market::open().await;
    let mut body = product_body();
    body["qr_code_data"] = json!("LOT-2024-08-FERMIER123-TOMATE");
    body["price"] = serde_json::from_str("4.50").unwrap();
    let created = market.app.post("/v1/products").by(&market.producer).json(&body).send().await;
    created.is(201);
    let id = created.text("id");
    assert_eq!(created.header("location"), format!("/v1/products/{id}"));
    assert_eq!(created.header("etag"), "\"1\"");
    assert_eq!(created.header("agrodeep-position"), market.app.head().await.to_string());
    assert_eq!(created.json["status"], "active");
    assert_eq!(created.text("qr_code_url"), format!("http://read.test/v1/products/{id}/qrcode"));
    assert_eq!(created.json["producer_id"], json!(market.producer.id));
    assert_eq!(created.json["created_at"], created.json["updated_at"]);
    // Digit by digit, not as a binary float would have it.
    let text = String::from_utf8_lossy(&created.bytes).into_owned();
    assert!(text.contains(r#""price":4.50,"currency":"EUR""#), "{text}");
    assert!(text.contains(r#""stock_quantity":150,"#), "{text}");
    for field in [
        "name",
        "description",
        "category_id",
        "unit",
        "images",
        "tags",
        "is_organic",
        "is_fair_trade",
        "qr_code_data",
    ] {
        assert_eq!(created.json[field], body[field], "{field}");
    }
}

#[tokio::test]
async fn an_update_changes_what_it_says_and_leaves_the_rest() {
    let market = Market::open().await;
    let path = format!("/v1/products/{}", market.product_id);
    let put = |body: Value| market.app.ask(Method::PUT, &path).by(&market.producer).json(&body).send();
    let before = put(json!({ "tags": ["bio"] })).await;
    before.is(200);
    let after = put(json!({ "price": 4.8, "stock_quantity": 120 })).await;
    after.is(200);
    assert_eq!(after.json["price"], 4.8);
    assert_eq!(after.json["stock_quantity"], 120);
    for field in ["name", "description", "category_id", "unit", "images", "tags", "is_organic", "created_at"]
    {
        assert_eq!(after.json[field], before.json[field], "{field}");
    }
    assert_ne!(after.json["updated_at"], before.json["updated_at"]);
    // One command, two facts.
    assert_eq!(after.header("etag"), "\"4\"");
    let all = put(json!({ "name": { "en": "Tomatoes" }, "is_fair_trade": true })).await;
    assert_eq!(all.json["name"], json!({ "en": "Tomatoes" }));
    assert_eq!(all.json["is_organic"], true);
    // What is so already is no event.
    let same = put(json!({ "price": 4.8 })).await;
    assert_eq!(same.header("etag"), all.header("etag"));
}

#[tokio::test]
async fn updates_of_different_fields_at_the_same_moment_lose_nothing() {
    let market = Market::open().await;
    let path = format!("/v1/products/{}", market.product_id);
    let bodies = [
        json!({ "tags": ["one"] }),
        json!({ "unit": "crate" }),
        json!({ "category_id": "cat_fruit" }),
        json!({ "is_fair_trade": true }),
        json!({ "is_organic": false }),
        json!({ "price": 9.99 }),
    ];
    let asks =
        bodies.iter().map(|body| market.app.ask(Method::PUT, &path).by(&market.producer).json(body).send());
    for reply in futures::future::join_all(asks).await {
        reply.is(200);
    }
    let now = market
        .app
        .ask(Method::PUT, &path)
        .by(&market.producer)
        .json(&json!({ "stock_quantity": 1 }))
        .send()
        .await;
    for body in bodies {
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&now.json[field], value);
        }
    }
}

#[tokio::test]
async fn whoever_has_seen_another_version_changes_nothing() {
    let market = Market::open().await;
    let path = format!("/v1/products/{}", market.product_id);
    let put = |tag: &str, price: f64| {
        let ask = market.app.ask(Method::PUT, &path).by(&market.producer).header("if-match", tag);
        ask.json(&json!({ "price": price, "tags": ["seen"] })).send()
    };
    put("\"1\"", 5.0).await.is(200);
    let head = market.app.head().await;
    for stale in ["\"1\"", "\"99\"", "W/\"3\"", "\"nonsense\""] {
        put(stale, 6.0).await.is_problem(412, "version_conflict");
    }
    assert_eq!(market.app.head().await, head);
    put("\"3\"", 6.0).await.is(200);
    put("*", 7.0).await.is(200);
}

#[tokio::test]
async fn stock_cannot_be_counted_below_what_is_held() {
    let market = Market::open().await;
    let order_id = market.place().await;
    market.hold(order_id).await;
    let path = format!("/v1/products/{}", market.product_id);
    let put = market
        .app
        .ask(Method::PUT, &path)
        .by(&market.producer)
        .json(&json!({ "stock_quantity": 2.999, "price": 9 }));
    let refused = put.send().await;
    refused.is_problem(409, "stock_below_holds");
    assert_eq!(refused.pointers(), ["/stock_quantity"]);
    // All or nothing: the price stayed, too.
    let now = market.app.commands.executor.state::<Product>(market.product_id.uuid()).await.unwrap().state;
    assert_eq!(now.offer.unwrap().price.to_string(), "4.50 EUR");
}

#[tokio::test]
async fn a_product_that_is_deleted_is_no_longer_offered_and_its_history_stays() {
    let market = Market::open().await;
    let path = format!("/v1/products/{}", market.product_id);
    let deleted = market.app.ask(Method::DELETE, &path).by(&market.producer).send().await;
    deleted.is(204);
    assert!(deleted.bytes.is_empty());
    assert_eq!(deleted.header("etag"), "\"2\"");
    let stream = StreamId::new("product", market.product_id.uuid());
    let events = market.app.log.load(&stream, 0).await.unwrap();
    assert_eq!(events.len(), 2);
    let last: ProductEvent = serde_json::from_str(events[1].payload.get()).unwrap();
    assert!(matches!(last, ProductEvent::ProductDelisted(_)));
    assert_eq!(events[1].metadata.actor, format!("producer:{}", market.producer.id));
    let put = market.app.ask(Method::PUT, &path).by(&market.producer).json(&json!({ "price": 1 }));
    put.send().await.is_problem(409, "product_delisted");
    market
        .app
        .ask(Method::DELETE, &path)
        .by(&market.producer)
        .send()
        .await
        .is_problem(409, "product_delisted");
}

#[tokio::test]
async fn in_a_batch_each_product_stands_alone() {
    let market = Market::open().await;
    let foreign = market
        .app
        .post("/v1/products")
        .by(&market.other_producer)
        .json(&product_body())
        .send()
        .await
        .text("id");
    let order_id = market.place().await;
    market.hold(order_id).await;
    let held = market.product_id.to_string();
    let free =
        market.app.post("/v1/products").by(&market.producer).json(&product_body()).send().await.text("id");
    let gone =
        market.app.post("/v1/products").by(&market.producer).json(&product_body()).send().await.text("id");
    market.app.ask(Method::DELETE, &format!("/v1/products/{gone}")).by(&market.producer).send().await.is(204);
    let update = |id: &str, quantity: i32| json!({ "id": id, "stock_quantity": quantity });
    let unknown = "prod_01h455vb4pex5vsknk084sn02q";
    let body = json!({ "updates": [update(&foreign, 1), update(&held, 1), update(&free, 50), update(&gone, 1), update(unknown, 1)] });
    let reply =
        market.app.ask(Method::PATCH, "/v1/products/batch").by(&market.producer).json(&body).send().await;
    reply.is(200);
    assert_eq!(
        reply.json,
        json!({ "updated": 1, "errors": [
            { "id": foreign, "error": "not_found" },
            { "id": held, "error": "stock_below_holds" },
            { "id": gone, "error": "product_delisted" },
            { "id": unknown, "error": "not_found" },
        ]})
    );
}

#[tokio::test]
async fn a_traced_lot_is_one_products() {
    let market = Market::open().await;
    let mut body = product_body();
    body["qr_code_data"] = json!("LOT-1");
    let first = market.app.post("/v1/products").by(&market.producer).json(&body).send().await;
    first.is(201);
    let refused = market.app.post("/v1/products").by(&market.other_producer).json(&body).send().await;
    refused.is_problem(409, "qr_code_data_taken");
    assert_eq!(refused.pointers(), ["/qr_code_data"]);
    let path = format!("/v1/products/{}", market.product_id);
    let put =
        market.app.ask(Method::PUT, &path).by(&market.producer).json(&json!({ "qr_code_data": "LOT-1" }));
    put.send().await.is_problem(409, "qr_code_data_taken");
}
