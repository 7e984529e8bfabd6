//! Paying.

use agrodeep_commands::payments::signature;
use agrodeep_domain::order::{CancelOrder, CancelReason, Canceller, PaymentStatus};
use agrodeep_domain::{Order, OrderId};
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{Reply, WEBHOOK_SECRET},
    journey::Market,
};

async fn intent(market: &Market, order_id: OrderId) -> Reply {
    let ask = market.app.post("/v1/payments/intent").by(&market.buyer).key(&Uuid::now_v7().to_string());
    ask.json(&json!({ "order_id": order_id })).send().await
}

async fn confirm(market: &Market, secret: &str, payment_method: &str) -> Reply {
    let body = json!({ "client_secret": secret, "payment_method": payment_method });
    market.app.post("/v1/payments/simulator/confirm").json(&body).send().await
}

/// What the provider has to tell, in its own words.
async fn messages(market: &Market) -> Vec<String> {
    let rows: Vec<(String,)> = sqlx::query_as("select body from simulator_webhooks order by id")
        .fetch_all(market.app.database.pool())
        .await
        .unwrap();
    rows.into_iter().map(|(body,)| body).collect()
}

async fn tell(market: &Market, body: &str) -> Reply {
    let header = signature::sign(&WEBHOOK_SECRET.into(), body.as_bytes(), Utc::now());
    market
        .app
        .post("/v1/payments/webhook")
        .header("stripe-signature", &header)
        .body(body.to_owned())
        .send()
        .await
}

#[tokio::test]
async fn an_order_is_paid_and_the_provider_tells_so() {
    let market = Market::open().await;
    let order_id = market.payable().await;
    let first = intent(&market, order_id).await;
    first.is(201);
    assert!(String::from_utf8_lossy(&first.bytes).contains(r#""amount":13.50,"currency":"EUR""#));
    assert_eq!(first.json["status"], "requires_payment_method");
    let again = intent(&market, order_id).await;
    assert_eq!(again.json, first.json);

    let paid = confirm(&market, &first.text("client_secret"), "pm_card_visa").await;
    paid.is(200);
    assert_eq!(paid.json["status"], "succeeded");
    assert_eq!(market.order(order_id).await.payment.status, PaymentStatus::Requested);
    let message = messages(&market).await.remove(0);
    let told = tell(&market, &message).await;
    told.is(200);
    assert_eq!(told.header("agrodeep-position"), market.app.head().await.to_string());
    assert_eq!(market.order(order_id).await.payment.status, PaymentStatus::Captured);
    // Told five times, paid once.
    let head = market.app.head().await;
    for _ in 0..5 {
        tell(&market, &message).await.is(200);
    }
    assert_eq!(market.app.head().await, head);
}

#[tokio::test]
async fn a_declined_card_is_told_too() {
    let market = Market::open().await;
    let order_id = market.payable().await;
    let secret = intent(&market, order_id).await.text("client_secret");
    let declined = confirm(&market, &secret, "pm_card_chargeDeclined").await;
    declined.is(200);
    assert_eq!(declined.json["outcome"], "declined");
    tell(&market, &messages(&market).await.remove(0)).await.is(200);
    assert_eq!(market.order(order_id).await.payment.status, PaymentStatus::Declined);
}

#[tokio::test]
async fn a_message_that_the_provider_has_not_signed_is_refused() {
    let market = Market::open().await;
    let order_id = market.payable().await;
    let secret = intent(&market, order_id).await.text("client_secret");
    confirm(&market, &secret, "pm_card_visa").await.is(200);
    let message = messages(&market).await.remove(0);
    let head = market.app.head().await;
    let good = signature::sign(&WEBHOOK_SECRET.into(), message.as_bytes(), Utc::now());
    let stale = signature::sign(
        &WEBHOOK_SECRET.into(),
        message.as_bytes(),
        Utc::now() - chrono::TimeDelta::seconds(301),
    );
    let other = signature::sign(&"whsec_other".into(), message.as_bytes(), Utc::now());
    let changed = message.replace("1350", "1");
    assert_ne!(changed, message);
    for (header, body) in
        [(Some(&stale), &message), (Some(&other), &message), (Some(&good), &changed), (None, &message)]
    {
        let ask = market.app.post("/v1/payments/webhook").body(body.clone());
        let ask = match header {
            Some(header) => ask.header("stripe-signature", header),
            None => ask,
        };
        let refused = ask.send().await;
        refused.is_problem(400, "invalid_signature");
        assert_eq!(refused.json["errors"][0]["header"], "Stripe-Signature");
    }
    for nonsense in ["", "{}", "[]", "\u{0}", "nonsense"] {
        tell(&market, nonsense).await.is_problem(400, "malformed_event");
    }
    assert_eq!(market.app.head().await, head);
    // What does not concern us is taken, and does nothing.
    let other = json!({ "id": "evt_x", "type": "customer.created", "data": { "object": { "id": "cus_1" } } });
    tell(&market, &other.to_string()).await.is(200);
    assert_eq!(market.app.head().await, head);
}

#[tokio::test]
async fn a_buyer_is_made_to_wait_for_the_stock_but_not_for_ever() {
    let market = Market::open().await;
    let order_id = market.place().await;
    let waiting = intent(&market, order_id).await;
    waiting.is_problem(503, "payment_not_ready");
    assert_eq!(waiting.header("retry-after"), "1");

    let (reply, ()) = tokio::join!(intent(&market, order_id), async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        market.request_payment(order_id).await;
    });
    reply.is(201);
}

#[tokio::test]
async fn an_order_without_stock_says_why_it_cannot_be_paid() {
    let market = Market::open().await;
    let order_id = market.place().await;
    let by = Canceller::Fulfilment(CancelReason::StockUnavailable);
    market.execute::<Order>(order_id.uuid(), CancelOrder { by, note: None }).await;
    let refused = intent(&market, order_id).await;
    refused.is_problem(409, "order_cancelled");
    assert_eq!(refused.json["reason"], "stock_unavailable");
}

#[tokio::test]
async fn another_buyers_order_cannot_be_paid_nor_seen() {
    let market = Market::open().await;
    let order_id = market.payable().await;
    let ask = market.app.post("/v1/payments/intent").by(&market.other_buyer).key("k");
    let reply = ask.json(&json!({ "order_id": order_id })).send().await;
    reply.is_problem(404, "not_found");
    assert_eq!(reply.json["client_secret"], Value::Null);
}
