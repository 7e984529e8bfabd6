//! When producers hand goods over, and what that means for orders.

use axum::http::Method;
use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{Reply, User},
    journey::{Market, order_body},
};

const PATH: &str = "/v1/producers/me/delivery-terms";

fn every_day(lead_days: u32) -> Value {
    json!({
        "time_zone": "Europe/Paris", "cut_off": "16:00", "lead_days": lead_days,
        "weekdays": ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
    })
}

async fn put(market: &Market, user: &User, body: &Value) -> Reply {
    market.app.ask(Method::PUT, PATH).by(user).json(body).send().await
}

async fn order(market: &Market, day: Option<NaiveDate>) -> Reply {
    let mut body = order_body(market.product_id);
    body["preferred_delivery_date"] = json!(day);
    market.app.post("/v1/orders").by(&market.buyer).key(&Uuid::now_v7().to_string()).json(&body).send().await
}

#[tokio::test]
async fn a_producer_sets_its_terms_and_hears_them_back() {
    let market = Market::open().await;
    let body = json!({
        "time_zone": "+02:00", "cut_off": "08:05", "lead_days": 0, "weekdays": ["friday", "tuesday"],
    });
    let set = put(&market, &market.producer, &body).await;
    set.is(200);
    assert_eq!(set.json["weekdays"], json!(["tuesday", "friday"]), "from Monday on");
    assert_eq!((&set.json["time_zone"], &set.json["cut_off"]), (&json!("+02:00"), &json!("08:05")));
    assert_eq!(set.header("etag"), "\"2\"");
    // The same again changes nothing; with a version that is over, nothing is changed.
    assert_eq!(put(&market, &market.producer, &body).await.header("etag"), "\"2\"");
    let late = market
        .app
        .ask(Method::PUT, PATH)
        .by(&market.producer)
        .header("if-match", "\"1\"")
        .json(&every_day(1));
    late.send().await.is(412);
    put(&market, &market.buyer, &body).await.is(403);
}

#[tokio::test]
async fn terms_that_cannot_be_are_refused_by_name() {
    let market = Market::open().await;
    let cases = [
        ("/time_zone", json!("Paris")),
        ("/time_zone", json!("+02")),
        ("/cut_off", json!("24:00")),
        ("/cut_off", json!("8:05")),
        ("/cut_off", json!("16:00:00")),
        ("/lead_days", json!(61)),
        ("/weekdays", json!([])),
        ("/weekdays/0", json!(["Monday"])),
        ("/weekdays/1", json!(["monday", "monday"])),
    ];
    for (pointer, value) in cases {
        let mut body = every_day(1);
        let member = pointer.split('/').nth(1).unwrap();
        body[member] = value.clone();
        let refused = put(&market, &market.producer, &body).await;
        refused.is(422);
        assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{value}");
    }
}

#[tokio::test]
async fn an_order_with_a_day_that_cannot_be_is_refused_and_the_earliest_day_named() {
    let market = Market::open().await;
    order(&market, NaiveDate::from_ymd_opt(2024, 8, 17)).await.is(202);
    put(&market, &market.producer, &every_day(3)).await.is(200);
    let today = Utc::now().date_naive();
    let refused = order(&market, Some(today)).await;
    refused.is(409);
    assert_eq!(refused.json["error"], "delivery_date_unavailable");
    assert_eq!(refused.json["errors"][0]["pointer"], "/preferred_delivery_date");
    let earliest: NaiveDate = refused.text("earliest_delivery_date").parse().unwrap();
    assert_eq!(refused.json["next_delivery_date"], refused.json["earliest_delivery_date"]);
    // Three days after today, in Paris, or four.
    let days = (earliest - today).num_days();
    assert!((3..=5).contains(&days), "{days} days");
    assert!(refused.text("detail").contains(&earliest.to_string()));
    order(&market, earliest.checked_add_days(Days::new(1))).await.is(202);
    order(&market, None).await.is(202);
}
