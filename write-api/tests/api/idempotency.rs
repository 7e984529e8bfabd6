//! One key, one effect, one answer.

use axum::http::Method;
use futures::future::join_all;
use serde_json::json;

use crate::journey::{Market, order_body, product_body};

#[tokio::test]
async fn fifty_equal_requests_at_once_have_one_effect_and_one_answer() {
    let market = Market::open().await;
    let head = market.app.head().await;
    let ask = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&order_body(market.product_id));
    let replies = join_all((0..50).map(|_| ask.clone().send())).await;
    assert_eq!(market.app.head().await.0, head.0 + 1);
    let answered: Vec<_> = replies.iter().filter(|reply| reply.status == 202).collect();
    assert!(!answered.is_empty());
    let first = answered.iter().filter(|reply| reply.headers.get("idempotency-replayed").is_none()).count();
    assert_eq!(first, 1);
    for reply in &replies {
        match reply.status {
            202 => assert_eq!(reply.bytes, answered[0].bytes),
            _ => reply.is_problem(409, "idempotency_key_in_flight"),
        }
    }
    let again = ask.send().await;
    assert_eq!((again.status, &again.bytes), (202, &answered[0].bytes));
    assert_eq!(again.header("idempotency-replayed"), "true");
    for header in ["location", "etag", "agrodeep-position", "content-type"] {
        assert_eq!(again.header(header), answered[0].header(header));
    }
}

#[tokio::test]
async fn a_key_with_another_body_or_another_route_is_refused() {
    let market = Market::open().await;
    let body = order_body(market.product_id);
    market.app.post("/v1/orders").by(&market.buyer).key("k").json(&body).send().await.is(202);
    let head = market.app.head().await;
    let mut other = body.clone();
    other["items"][0]["quantity"] = json!(4);
    let reply = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&other).send().await;
    reply.is_problem(422, "idempotency_key_reused");
    let order_id = market.place().await;
    let cancel = market.app.post(&format!("/v1/orders/{order_id}/cancel")).by(&market.buyer);
    cancel.key("k").send().await.is_problem(422, "idempotency_key_reused");
    assert_eq!(market.app.head().await.0, head.0 + 1);
}

#[tokio::test]
async fn the_keys_of_two_users_have_nothing_to_do_with_each_other() {
    let market = Market::open().await;
    let body = order_body(market.product_id);
    let one = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&body).send().await;
    let two = market.app.post("/v1/orders").by(&market.other_buyer).key("k").json(&body).send().await;
    one.is(202);
    two.is(202);
    assert_ne!(one.text("order_id"), two.text("order_id"));
}

#[tokio::test]
async fn orders_and_payments_need_a_key_and_other_routes_do_not() {
    let market = Market::open().await;
    let order = market.app.post("/v1/orders").by(&market.buyer).json(&order_body(market.product_id));
    order.send().await.is_problem(400, "idempotency_key_required");
    let order_id = market.payable().await;
    let intent =
        market.app.post("/v1/payments/intent").by(&market.buyer).json(&json!({ "order_id": order_id }));
    intent.send().await.is_problem(400, "idempotency_key_required");
    market.app.post("/v1/products").by(&market.producer).json(&product_body()).send().await.is(201);
}

#[tokio::test]
async fn a_refusal_is_given_again_too() {
    let market = Market::open().await;
    let (order_id, _) = market.picked_up().await;
    let cancel = market.app.post(&format!("/v1/orders/{order_id}/cancel")).by(&market.buyer).key("k");
    let first = cancel.clone().send().await;
    first.is_problem(409, "already_shipped");
    let again = cancel.send().await;
    assert_eq!((again.status, &again.bytes), (409, &first.bytes));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("content-type"), "application/problem+json");
    // It names the request that was refused, not the one that asked again.
    assert_eq!(again.json["instance"], first.header("x-request-id"));
}

#[tokio::test]
async fn every_command_route_honours_a_key() {
    let market = Market::open().await;
    let product = format!("/v1/products/{}", market.product_id);
    let order_id = market.place().await;
    let (to_process, _) = market.confirmed().await;
    let (_, to_assign) = market.confirmed().await;
    let (_, to_pick_up) = market.assigned().await;
    let (_, to_deliver) = market.picked_up().await;
    let (_, to_fail) = market.picked_up().await;
    let deleted =
        market.app.post("/v1/products").by(&market.producer).json(&product_body()).send().await.text("id");
    let point = json!({ "lat": 45.7, "lng": 4.8, "accuracy": 8, "timestamp": "2024-08-15T10:30:00Z" });
    let asks = [
        market.app.post("/v1/products").by(&market.producer).json(&product_body()),
        market.app.ask(Method::PUT, &product).by(&market.producer).json(&json!({ "price": 5.10 })),
        market.app.ask(Method::PATCH, "/v1/products/batch").by(&market.producer).json(
            &json!({ "updates": [{ "id": market.product_id, "stock_quantity": 99 }, { "id": "prod_01h455vb4pex5vsknk084sn02q", "stock_quantity": 1 }] }),
        ),
        market.app.ask(Method::DELETE, &format!("/v1/products/{deleted}")).by(&market.producer),
        market.app.post(&format!("/v1/orders/{order_id}/cancel")).by(&market.buyer),
        market.app.post(&format!("/v1/orders/{to_process}/process")).by(&market.producer),
        market.app.post(&format!("/v1/deliveries/{to_assign}/assign")).by(&market.admin).json(&json!({ "driver_id": market.driver.id })),
        market.app.post(&format!("/v1/deliveries/{to_pick_up}/pickup")).by(&market.driver),
        market.app.post(&format!("/v1/deliveries/{to_deliver}/positions")).by(&market.driver).json(&json!({ "points": [point] })),
        market.app.post(&format!("/v1/deliveries/{to_deliver}/deliver")).by(&market.driver).json(&json!({ "signature": "S", "photo": "P" })),
        market.app.post(&format!("/v1/deliveries/{to_fail}/fail")).by(&market.driver).json(&json!({ "reason": "R" })),
    ];
    for (index, ask) in asks.into_iter().enumerate() {
        let ask = ask.key(&format!("key-{index}"));
        let first = ask.clone().send().await;
        assert!((200..300).contains(&first.status), "{index}: {}", first.json);
        let head = market.app.head().await;
        let again = ask.send().await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "{index}");
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("agrodeep-position"), first.header("agrodeep-position"));
        assert_eq!(market.app.head().await, head);
    }
}

#[tokio::test]
async fn a_command_that_was_done_but_not_noted_is_recognised_when_it_comes_again() {
    let market = Market::open().await;
    let ask = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&order_body(market.product_id));
    let first = ask.clone().send().await;
    first.is(202);
    let head = market.app.head().await;
    // As if the process had died between the log and the note.
    sqlx::query("update idempotency_keys set status = null, headers = null, body = null, claim_id = null, leased_until = null")
        .execute(market.app.database.pool())
        .await
        .unwrap();
    let again = ask.send().await;
    assert_eq!((again.status, &again.bytes), (202, &first.bytes));
    assert_eq!(market.app.head().await, head);
}

#[tokio::test]
async fn a_command_goes_on_when_its_client_hangs_up() {
    let market = Market::open().await;
    let head = market.app.head().await;
    let ask = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&order_body(market.product_id));
    {
        let mut hanging = std::pin::pin!(ask.clone().send());
        // Begins, and is dropped at its first pause but a few.
        for _ in 0..3 {
            let _ = futures::poll!(hanging.as_mut());
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    for _ in 0..100 {
        let again = ask.clone().send().await;
        if again.status == 202 {
            assert_eq!(market.app.head().await.0, head.0 + 1);
            return;
        }
        again.is_problem(409, "idempotency_key_in_flight");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the command never ended");
}
