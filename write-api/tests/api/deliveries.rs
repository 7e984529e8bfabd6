//! Bringing orders to their buyers.

use agrodeep_domain::{Delivery, DeliveryId, delivery::DeliveryStatus, order::OrderStatus};
use serde_json::json;

use crate::{
    app::{Reply, User},
    journey::Market,
};

async fn status(market: &Market, delivery_id: DeliveryId) -> DeliveryStatus {
    market.app.commands.executor.state::<Delivery>(delivery_id.uuid()).await.unwrap().state.status
}

async fn report(market: &Market, user: &User, delivery_id: DeliveryId, minutes: &[u32]) -> Reply {
    let points: Vec<_> = minutes
        .iter()
        .map(|minute| {
            let timestamp = format!("2024-08-15T10:{minute:02}:00Z");
            json!({ "lat": 45.7, "lng": 4.8, "accuracy": 8.5, "timestamp": timestamp })
        })
        .collect();
    market
        .app
        .post(&format!("/v1/deliveries/{delivery_id}/positions"))
        .by(user)
        .json(&json!({ "points": points }))
        .send()
        .await
}

#[tokio::test]
async fn an_order_goes_from_the_producer_to_the_buyer() {
    let market = Market::open().await;
    let (order_id, delivery_id) = market.confirmed().await;
    market.app.post(&format!("/v1/orders/{order_id}/process")).by(&market.producer).send().await.is(200);
    let assign = market.app.post(&format!("/v1/deliveries/{delivery_id}/assign")).by(&market.admin);
    let assigned = assign.json(&json!({ "driver_id": market.driver.id, "vehicle": "Kangoo" })).send().await;
    assigned.is(200);
    assert_eq!(
        assigned.json,
        json!({ "delivery_id": delivery_id, "status": "assigned", "driver_id": market.driver.id, "vehicle": "Kangoo" })
    );
    let picked_up =
        market.app.post(&format!("/v1/deliveries/{delivery_id}/pickup")).by(&market.driver).send().await;
    picked_up.is(200);
    assert_eq!(picked_up.json["order_status"], "shipped");
    assert_eq!(picked_up.header("agrodeep-position"), market.app.head().await.to_string());
    assert_eq!(market.order(order_id).await.status, OrderStatus::Shipped);

    let reported = report(&market, &market.driver, delivery_id, &[1, 2, 3]).await;
    reported.is(202);
    assert_eq!(reported.json, json!({ "received": 3, "recorded": 3 }));
    assert_eq!(status(&market, delivery_id).await, DeliveryStatus::InTransit);
    // Gathered off-line and sent again, in another order, with one more.
    let again = report(&market, &market.driver, delivery_id, &[4, 3, 1, 2]).await;
    assert_eq!(again.json, json!({ "received": 4, "recorded": 1 }));
    let head = market.app.head().await;
    assert_eq!(report(&market, &market.driver, delivery_id, &[2, 2]).await.json["recorded"], 0);
    assert_eq!(market.app.head().await, head);

    let deliver = market.app.post(&format!("/v1/deliveries/{delivery_id}/deliver")).by(&market.driver);
    let delivered = deliver
        .json(&json!({ "signature": "Sophie Martin", "photo": "https://cdn.example/1.jpg" }))
        .send()
        .await;
    delivered.is(200);
    assert_eq!(delivered.json["order_status"], "delivered");
    assert_eq!(delivered.header("agrodeep-position"), market.app.head().await.to_string());
    assert_eq!(market.order(order_id).await.status, OrderStatus::Delivered);
    assert_eq!(status(&market, delivery_id).await, DeliveryStatus::Delivered);
}

#[tokio::test]
async fn a_driver_does_nothing_with_anothers_delivery() {
    let market = Market::open().await;
    let (_, delivery_id) = market.picked_up().await;
    let head = market.app.head().await;
    report(&market, &market.other_driver, delivery_id, &[1]).await.is_problem(404, "not_found");
    for (what, body) in [
        ("pickup", json!({})),
        ("deliver", json!({ "signature": "S", "photo": "P" })),
        ("fail", json!({ "reason": "R" })),
    ] {
        let ask = market.app.post(&format!("/v1/deliveries/{delivery_id}/{what}")).by(&market.other_driver);
        ask.json(&body).send().await.is_problem(404, "not_found");
    }
    assert_eq!(market.app.head().await, head);
}

#[tokio::test]
async fn nothing_is_picked_up_before_it_is_prepared_nor_delivered_before_it_is_picked_up() {
    let market = Market::open().await;
    let (_, delivery_id) = market.confirmed().await;
    let assign = market.app.post(&format!("/v1/deliveries/{delivery_id}/assign")).by(&market.admin);
    assign.json(&json!({ "driver_id": market.driver.id })).send().await.is(200);
    let pickup =
        market.app.post(&format!("/v1/deliveries/{delivery_id}/pickup")).by(&market.driver).send().await;
    pickup.is_problem(409, "not_ready_for_pickup");
    report(&market, &market.driver, delivery_id, &[1]).await.is_problem(409, "not_picked_up");
    let deliver = market.app.post(&format!("/v1/deliveries/{delivery_id}/deliver")).by(&market.driver);
    deliver.json(&json!({ "signature": "S", "photo": "P" })).send().await.is_problem(409, "not_picked_up");
    let fail = market.app.post(&format!("/v1/deliveries/{delivery_id}/fail")).by(&market.driver);
    fail.json(&json!({ "reason": "R" })).send().await.is_problem(409, "not_picked_up");
}

#[tokio::test]
async fn a_cancelled_order_is_not_picked_up() {
    let market = Market::open().await;
    let (order_id, delivery_id) = market.assigned().await;
    market.app.post(&format!("/v1/orders/{order_id}/cancel")).by(&market.buyer).send().await.is(200);
    let pickup =
        market.app.post(&format!("/v1/deliveries/{delivery_id}/pickup")).by(&market.driver).send().await;
    pickup.is_problem(409, "order_cancelled");
    assert_eq!(status(&market, delivery_id).await, DeliveryStatus::Assigned);
}

#[tokio::test]
async fn a_delivery_that_fails_is_over() {
    let market = Market::open().await;
    let (_, delivery_id) = market.picked_up().await;
    let fail = market.app.post(&format!("/v1/deliveries/{delivery_id}/fail")).by(&market.driver);
    let failed = fail.json(&json!({ "reason": "Personne à l'adresse" })).send().await;
    failed.is(200);
    assert_eq!(failed.json, json!({ "delivery_id": delivery_id, "status": "failed" }));
    let deliver = market.app.post(&format!("/v1/deliveries/{delivery_id}/deliver")).by(&market.driver);
    deliver.json(&json!({ "signature": "S", "photo": "P" })).send().await.is_problem(409, "delivery_failed");
    let assign = market.app.post(&format!("/v1/deliveries/{delivery_id}/assign")).by(&market.admin);
    assign.json(&json!({ "driver_id": market.driver.id })).send().await.is_problem(409, "delivery_failed");
}
