//! Values that are of the right type and still cannot be: refused by name, and nothing written.

use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{App, Ask, PASSWORD},
    bad_input::{names, with},
    journey::{Market, order_body, product_body},
};

/// What is wrong beyond types, by route: where, and what stands there.
async fn absurd<'a>(app: &'a App, ask: impl Fn() -> Ask<'a>, body: &Value, cases: &[(&str, Value)]) {
    let head = app.head().await;
    for (pointer, value) in cases {
        let place = pointer.split(" in ").last().unwrap();
        let reply =
            ask().key(&Uuid::now_v7().to_string()).json(&with(body, place, value.clone())).send().await;
        let named = pointer.split(" in ").next().unwrap();
        let shown: String = value.to_string().chars().take(80).collect();
        names(&reply, &[422], named, &format!("{pointer} {shown}"));
    }
    assert_eq!(app.head().await, head, "something was written");
}

#[tokio::test]
async fn absurd_products_are_refused() {
    let market = Market::open().await;
    let mut body = product_body();
    body["qr_code_data"] = json!("LOT-1");
    let cases = [
        ("/price", json!(0)),
        ("/price", json!(-4.5)),
        ("/price", json!(4.505)),
        ("/price", json!(10_000_000_000_i64)),
        ("/price", serde_json::from_str("1e300").unwrap()),
        ("/stock_quantity", json!(-1)),
        ("/stock_quantity", json!(0.0001)),
        ("/stock_quantity", json!(1_000_000_001)),
        ("/currency", json!("XXX")),
        ("/currency", json!("eur")),
        ("/currency", json!("JPY")),
        ("/unit", json!("")),
        ("/unit", json!("KG!")),
        ("/category_id", json!("vegetables")),
        ("/category_id", json!("cat_É")),
        ("/name", json!({})),
        ("/name/fr", json!("  ")),
        ("/name/fr", json!("x".repeat(201))),
        ("/name/de in /name", json!({ "de": "Tomaten" })),
        ("/description/en", json!("x".repeat(5001))),
        ("/images", json!(vec!["https://a.example/x.jpg"; 11])),
        ("/images/0", json!("javascript:alert(1)")),
        ("/images/0", json!("https://")),
        ("/tags", json!(vec!["x"; 10_000])),
        ("/tags/0", json!("x".repeat(51))),
        ("/tags/1 in /tags", json!(["bio", "bio"])),
        ("/qr_code_data", json!("")),
        ("/qr_code_data", json!("x".repeat(201))),
    ];
    absurd(&market.app, || market.app.post("/v1/products").by(&market.producer), &body, &cases).await;
    let path = format!("/v1/products/{}", market.product_id);
    let put = || market.app.ask(Method::PUT, &path).by(&market.producer);
    absurd(&market.app, put, &body, &cases).await;
    let empty = put().json(&json!({})).send().await;
    names(&empty, &[422], "", "an update of nothing");
    let other_currency = put().json(&json!({ "currency": "USD" })).send().await;
    names(&other_currency, &[422], "/currency", "another currency");
}

#[tokio::test]
async fn absurd_batches_are_refused() {
    let market = Market::open().await;
    let body = json!({ "updates": [{ "id": market.product_id, "stock_quantity": 1 }] });
    let item = body["updates"][0].clone();
    let cases = [
        ("/updates", json!([])),
        ("/updates", json!(vec![item.clone(); 10_000])),
        ("/updates/1/id in /updates", json!([item, item])),
        ("/updates/0/id", json!("prod_x")),
        ("/updates/0/id", json!("ord_01h455vb4pex5vsknk084sn02q")),
        ("/updates/0/stock_quantity", json!(-1)),
        ("/updates/0/stock_quantity", json!(1e12)),
    ];
    let ask = || market.app.ask(Method::PATCH, "/v1/products/batch").by(&market.producer);
    absurd(&market.app, ask, &body, &cases).await;
}

#[tokio::test]
async fn absurd_orders_are_refused() {
    let market = Market::open().await;
    let body = order_body(market.product_id);
    let item = body["items"][0].clone();
    let cases = [
        ("/items", json!([])),
        ("/items", json!(vec![item.clone(); 10_000])),
        ("/items/1/product_id in /items", json!([item, item])),
        ("/items/0/product_id", json!("prod_01h455vb4pex5vsknk084sn02q")),
        ("/items/0/product_id", json!("ord_01h455vb4pex5vsknk084sn02q")),
        ("/items/0/product_id", json!("'; drop table events; --")),
        ("/items/0/quantity", json!(0)),
        ("/items/0/quantity", json!(-2)),
        ("/items/0/quantity", json!(0.0001)),
        ("/items/0/quantity", json!(1_000_000_000_000_i64)),
        ("/items/0/quantity", json!(1_000_000_000)),
        ("/items/0/notes", json!("x".repeat(1001))),
        ("/shipping_address/street", json!(" ")),
        ("/shipping_address/city", json!("x".repeat(101))),
        ("/shipping_address/country", json!("France")),
        ("/shipping_address/country", json!("XX")),
        ("/shipping_address/latitude", json!(90.01)),
        ("/shipping_address/longitude", json!(-181)),
        ("/billing_address/zip_code", json!("")),
        ("/preferred_delivery_date", json!("17/08/2024")),
        ("/preferred_delivery_date", json!("2024-02-30")),
        ("/preferred_delivery_date", json!("9999-01-01")),
        ("/notes", json!("x".repeat(1001))),
    ];
    absurd(&market.app, || market.app.post("/v1/orders").by(&market.buyer), &body, &cases).await;
    let mut half_a_place = body.clone();
    half_a_place["shipping_address"].as_object_mut().unwrap().remove("longitude");
    let reply = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&half_a_place).send().await;
    names(&reply, &[422], "/shipping_address/longitude", "half a place");
    let delisted = format!("/v1/products/{}", market.product_id);
    market.app.ask(Method::DELETE, &delisted).by(&market.producer).send().await.is(204);
    let reply = market.app.post("/v1/orders").by(&market.buyer).key("l").json(&body).send().await;
    names(&reply, &[422], "/items/0/product_id", "a delisted product");
}

#[tokio::test]
async fn two_currencies_in_one_order_are_refused() {
    let market = Market::open().await;
    let mut dollars = product_body();
    dollars["currency"] = json!("USD");
    let other = market.app.post("/v1/products").by(&market.producer).json(&dollars).send().await.text("id");
    let mut body = order_body(market.product_id);
    body["items"].as_array_mut().unwrap().push(json!({ "product_id": other, "quantity": 1 }));
    let reply = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&body).send().await;
    names(&reply, &[422], "/items/1/product_id", "two currencies");
}

#[tokio::test]
async fn absurd_accounts_are_refused() {
    let market = Market::open().await;
    let body = json!({
        "email": "a@b.example", "password": PASSWORD, "role": "buyer", "first_name": "A", "last_name": "B",
        "phone": "+33 1", "company": "C",
    });
    let cases = [
        ("/email", json!("no address")),
        ("/email", json!(format!("{}@b.example", "a".repeat(300)))),
        ("/password", json!("1234567")),
        ("/password", json!("x".repeat(257))),
        ("/role", json!("admin")),
        ("/role", json!("auditor")),
        ("/role", json!("")),
        ("/first_name", json!("")),
        ("/last_name", json!("x".repeat(101))),
        ("/last_name", json!("a\u{7}b")),
        ("/phone", json!("call me")),
        ("/company", json!("x".repeat(201))),
    ];
    absurd(&market.app, || market.app.post("/v1/auth/register"), &body, &cases).await;
}

#[tokio::test]
async fn absurd_deliveries_are_refused() {
    let market = Market::open().await;
    let (_, delivery_id) = market.picked_up().await;
    let point = json!({ "lat": 45.7, "lng": 4.8, "accuracy": 8.5, "timestamp": "2024-08-15T10:30:00Z" });
    let path = |what: &str| format!("/v1/deliveries/{delivery_id}/{what}");
    let positions = path("positions");
    let cases = [
        ("/points", json!([])),
        ("/points", json!(vec![point.clone(); 501])),
        ("/points", json!(vec![point.clone(); 10_000])),
        ("/points/0/lat", json!(91)),
        ("/points/0/lng", json!(180.5)),
        ("/points/0/accuracy", json!(-1)),
        ("/points/0/accuracy", json!(1e9)),
        ("/points/0/timestamp", json!("yesterday")),
        ("/points/0/timestamp", json!("2024-08-15 10:30")),
        ("/points/0/timestamp", json!("2999-01-01T00:00:00Z")),
        ("/points/0/timestamp", json!("1970-01-01T00:00:00Z")),
    ];
    let body = json!({ "points": [point] });
    absurd(&market.app, || market.app.post(&positions).by(&market.driver), &body, &cases).await;

    let assign = path("assign");
    let body = json!({ "driver_id": market.driver.id, "vehicle": "Kangoo" });
    let cases = [
        ("/driver_id", json!(market.buyer.id)),
        ("/driver_id", json!("usr_01h455vb4pex5vsknk084sn02q")),
        ("/driver_id", json!("x")),
        ("/vehicle", json!("x".repeat(101))),
    ];
    absurd(&market.app, || market.app.post(&assign).by(&market.admin), &body, &cases).await;

    let deliver = path("deliver");
    let body = json!({ "signature": "S", "photo": "P" });
    let cases = [
        ("/signature", json!("")),
        ("/signature", json!("x".repeat(100_001))),
        ("/photo", json!(" ")),
        ("/photo", json!("x".repeat(4097))),
    ];
    absurd(&market.app, || market.app.post(&deliver).by(&market.driver), &body, &cases).await;

    let fail = path("fail");
    let cases = [("/reason", json!("")), ("/reason", json!("x".repeat(501)))];
    absurd(&market.app, || market.app.post(&fail).by(&market.driver), &json!({ "reason": "R" }), &cases)
        .await;
}

#[tokio::test]
async fn absurd_payments_are_refused() {
    let market = Market::open().await;
    let order_id = market.payable().await;
    let cases = [("/order_id", json!("")), ("/order_id", json!("prod_01h455vb4pex5vsknk084sn02q"))];
    let body = json!({ "order_id": order_id });
    absurd(&market.app, || market.app.post("/v1/payments/intent").by(&market.buyer), &body, &cases).await;
    let unknown = market.app.post("/v1/payments/intent").by(&market.buyer).key("k");
    let unknown = unknown.json(&json!({ "order_id": "ord_01h455vb4pex5vsknk084sn02q" })).send().await;
    unknown.is_problem(404, "not_found");
    let body = json!({ "client_secret": "s", "payment_method": "pm_card_visa" });
    let cases = [("/payment_method", json!("pm_gold")), ("/payment_method", json!(""))];
    absurd(&market.app, || market.app.post("/v1/payments/simulator/confirm"), &body, &cases).await;
    let unknown = market.app.post("/v1/payments/simulator/confirm").json(&body).send().await;
    names(&unknown, &[404], "/client_secret", "an unknown secret");
}
