//! What buyers order.

use agrodeep_domain::order::{OrderEvent, OrderStatus};
use agrodeep_event_store::StreamId;
use serde_json::json;

use crate::journey::{Market, order_body, product_body};

#[tokio::test]
async fn an_order_is_told_as_the_contract_says() {
    let market = Market::open().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ask = market.app.post("/v1/orders").by(&market.buyer).key("k").header("traceparent", trace);
    let placed = ask.json(&order_body(market.product_id)).send().await;
    placed.is(202);
    let id = placed.text("order_id");
    assert_eq!(placed.header("location"), format!("/v1/orders/{id}"));
    assert_eq!(placed.header("etag"), "\"1\"");
    assert_eq!(placed.header("agrodeep-position"), market.app.head().await.to_string());
    let today = chrono::Utc::now().format("%Y-%m-%d");
    assert_eq!(placed.text("order_number"), format!("ORD-{today}-0001"));
    assert_eq!(placed.json["status"], "pending");
    assert_eq!(placed.json["estimated_total"], "13.50 EUR");
    assert_eq!(
        placed.json["next_steps"],
        json!([{ "action": "payment_required", "url": "/v1/payments/intent" }])
    );
    let expires_at: chrono::DateTime<chrono::Utc> = placed.text("expires_at").parse().unwrap();
    assert_eq!(expires_at, chrono::SubsecRound::trunc_subsecs(expires_at, 6));
    let minutes = (expires_at - chrono::Utc::now()).num_seconds();
    assert!((29 * 60..=30 * 60).contains(&minutes), "{minutes}");

    let order_id: agrodeep_domain::OrderId = id.parse().unwrap();
    let events = market.app.log.load(&StreamId::new("order", order_id.uuid()), 0).await.unwrap();
    let metadata = &events[0].metadata;
    assert_eq!(metadata.actor, format!("buyer:{}", market.buyer.id));
    assert_eq!(metadata.causation_id, events[0].command_id);
    let traceparent = metadata.traceparent.as_deref().unwrap();
    assert!(traceparent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
    assert_eq!(traceparent, placed.header("traceparent"));
    // What each line costs is what the product cost.
    let OrderEvent::OrderPlaced(order) = serde_json::from_str(events[0].payload.get()).unwrap() else {
        panic!()
    };
    assert_eq!(order.lines[0].unit_price.to_string(), "4.50 EUR");
    assert_eq!(order.lines[0].producer_id, market.producer.id);
}

#[tokio::test]
async fn more_than_there_is_may_be_ordered_as_the_fulfilment_decides() {
    let market = Market::open().await;
    let mut body = order_body(market.product_id);
    body["items"][0]["quantity"] = json!(151);
    market.app.post("/v1/orders").by(&market.buyer).key("k").json(&body).send().await.is(202);
}

#[tokio::test]
async fn an_order_is_cancelled_by_its_buyer_or_an_admin_and_nobody_else() {
    let market = Market::open().await;
    let order_id = market.place().await;
    let path = format!("/v1/orders/{order_id}/cancel");
    market.app.post(&path).by(&market.other_buyer).send().await.is_problem(404, "not_found");
    market.app.post(&path).by(&market.producer).send().await.is_problem(403, "forbidden");
    let cancelled =
        market.app.post(&path).by(&market.buyer).json(&json!({ "reason": "Changement d'avis" })).send().await;
    cancelled.is(200);
    assert_eq!(
        cancelled.json,
        json!({ "status": "cancelled", "refund_status": "none", "refund_amount": null })
    );
    assert_eq!(cancelled.header("etag"), "\"2\"");
    market.app.post(&path).by(&market.buyer).send().await.is_problem(409, "order_cancelled");
    let other = market.place().await;
    market
        .app
        .post(&format!("/v1/orders/{other}/cancel"))
        .by(&market.admin)
        .json(&json!({}))
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn a_paid_order_that_is_cancelled_says_what_is_given_back() {
    let market = Market::open().await;
    let (order_id, _) = market.confirmed().await;
    let cancelled = market.app.post(&format!("/v1/orders/{order_id}/cancel")).by(&market.buyer).send().await;
    cancelled.is(200);
    assert_eq!(
        cancelled.json,
        json!({ "status": "cancelled", "refund_status": "processing", "refund_amount": "13.50 EUR" })
    );
}

#[tokio::test]
async fn a_shipped_order_cannot_be_cancelled() {
    let market = Market::open().await;
    let (order_id, _) = market.picked_up().await;
    let cancel = market.app.post(&format!("/v1/orders/{order_id}/cancel")).by(&market.buyer).send().await;
    cancel.is_problem(409, "already_shipped");
}

#[tokio::test]
async fn an_order_can_be_picked_up_once_every_producer_has_prepared_its_lines() {
    let market = Market::open().await;
    let other = market
        .app
        .post("/v1/products")
        .by(&market.other_producer)
        .json(&product_body())
        .send()
        .await
        .text("id");
    let process = |order_id, user| market.app.post(&format!("/v1/orders/{order_id}/process")).by(user).send();
    let waiting = market.place().await;
    process(waiting, &market.producer).await.is_problem(409, "order_not_confirmed");
    process(waiting, &market.other_producer).await.is_problem(404, "not_found");

    let mut body = order_body(market.product_id);
    body["items"].as_array_mut().unwrap().push(json!({ "product_id": other, "quantity": 1 }));
    let placed = market.app.post("/v1/orders").by(&market.buyer).key("two").json(&body).send().await;
    let order_id = placed.text("order_id").parse().unwrap();
    market.confirm(order_id).await;
    let first = process(order_id, &market.producer).await;
    first.is(200);
    assert_eq!(
        first.json,
        json!({ "order_id": order_id, "status": "processing", "ready_for_pickup": false })
    );
    let again = process(order_id, &market.producer).await;
    assert_eq!((again.status, &again.bytes), (200, &first.bytes));
    let second = process(order_id, &market.other_producer).await;
    assert_eq!(second.json["ready_for_pickup"], true);
    assert_eq!(market.order(order_id).await.status, OrderStatus::Processing);
}
