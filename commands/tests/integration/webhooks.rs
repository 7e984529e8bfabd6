use agrodeep_commands::{
    order::{CancelRequest, cancel},
    payments::{
        Received, WebhookError, WebhookRequest,
        gateway::Intent,
        signature::{SignatureError, WebhookSecrets, sign},
        webhook,
    },
};
use agrodeep_domain::{
    Order, OrderId,
    order::{CancelReason, Canceller, PaymentStatus, RequestRefund},
};
use chrono::Utc;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::market::{Market, by_system};

fn secret() -> SecretString {
    "whsec_test".into()
}

fn message(event_id: &str, kind: &str, object: &Value) -> String {
    json!({"id": event_id, "object": "event", "type": kind, "data": {"object": object}}).to_string()
}

fn succeeded(event_id: &str, intent: &Intent, cents: i64) -> String {
    let object = json!({"id": intent.id, "amount": cents, "amount_received": cents, "currency": "eur",
        "metadata": {"order_id": intent.order_id}});
    message(event_id, "payment_intent.succeeded", &object)
}

fn failed(event_id: &str, intent: &Intent) -> String {
    let object = json!({"id": intent.id, "amount": 1350, "currency": "eur",
        "metadata": {"order_id": intent.order_id}, "last_payment_error": {"code": "card_declined"}});
    message(event_id, "payment_intent.payment_failed", &object)
}

/// Without the order: the provider has to be asked for it.
fn refunded(event_id: &str, intent: &Intent) -> String {
    let object = json!({"id": "re_1", "amount": 1350, "currency": "eur", "status": "succeeded",
        "payment_intent": intent.id, "metadata": {}});
    message(event_id, "refund.updated", &object)
}

impl Market {
    async fn told(&self, body: &str) -> Result<Received, WebhookError> {
        let now = Utc::now();
        let request = WebhookRequest {
            signature: &sign(&secret(), body.as_bytes(), now),
            body: body.as_bytes(),
            received_at: now,
            traceparent: None,
        };
        webhook(&self.commands, &WebhookSecrets::new([secret()]), request).await
    }

    async fn payment(&self, order_id: OrderId) -> PaymentStatus {
        self.state::<Order>(order_id.uuid()).await.payment.status
    }

    async fn version(&self, order_id: OrderId) -> u64 {
        self.commands.executor.state::<Order>(order_id.uuid()).await.unwrap().version
    }

    async fn requested(&self) -> (OrderId, Intent) {
        let order_id = self.order().await.order.order_id;
        (order_id, self.request_payment(order_id).await)
    }

    async fn cancelled(&self, order_id: OrderId) {
        let by = Canceller::Fulfilment(CancelReason::PaymentTimeout);
        cancel(&self.commands, CancelRequest { order_id, by, note: None }, by_system()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_captured_once_however_often_it_is_told() {
    let market = Market::open().await;
    let (order_id, intent) = market.requested().await;
    let body = succeeded("evt_1", &intent, 1350);
    let told = (0..5).map(|_| market.told(&body));
    for received in futures::future::join_all(told).await {
        assert!(matches!(received, Ok(Received::Applied { order_id: told, .. }) if told == order_id));
    }
    market.told(&succeeded("evt_2", &intent, 1350)).await.unwrap();
    market.told(&failed("evt_0", &intent)).await.unwrap();
    assert_eq!(market.payment(order_id).await, PaymentStatus::Captured);
    assert_eq!(market.version(order_id).await, 3, "placed, requested, captured");
}

#[tokio::test]
async fn a_declined_payment_is_recorded_and_may_still_succeed() {
    let market = Market::open().await;
    let (order_id, intent) = market.requested().await;
    market.told(&failed("evt_1", &intent)).await.unwrap();
    assert_eq!(market.payment(order_id).await, PaymentStatus::Declined);
    market.told(&succeeded("evt_2", &intent, 1350)).await.unwrap();
    assert_eq!(market.payment(order_id).await, PaymentStatus::Captured);
}

#[tokio::test]
async fn what_is_captured_after_the_cancellation_is_recorded_and_refunded() {
    let market = Market::open().await;
    let (order_id, intent) = market.requested().await;
    market.cancelled(order_id).await;
    market.told(&succeeded("evt_1", &intent, 1350)).await.unwrap();
    assert_eq!(market.payment(order_id).await, PaymentStatus::Captured);

    let early = market.told(&refunded("evt_2", &intent)).await;
    assert_eq!(early, Err(WebhookError::TooEarly), "no refund has been asked for");
    market.execute::<Order>(order_id.uuid(), RequestRefund).await;
    for _ in 0..2 {
        let told = market.told(&refunded("evt_2", &intent)).await.unwrap();
        assert!(matches!(told, Received::Applied { .. }));
    }
    assert_eq!(market.payment(order_id).await, PaymentStatus::Refunded);
}

#[tokio::test]
async fn a_payment_that_the_order_does_not_know_yet_is_to_be_told_again() {
    let market = Market::open().await;
    let (_, other) = market.requested().await;
    let order_id = market.order().await.order.order_id;
    let intent = Intent { id: "pi_early".to_owned(), order_id: Some(order_id), ..other };
    let early = market.told(&succeeded("evt_1", &intent, 1350)).await;
    assert_eq!(early, Err(WebhookError::TooEarly));
    market.cancelled(order_id).await;
    let never = market.told(&succeeded("evt_1", &intent, 1350)).await;
    assert_eq!(never, Ok(Received::Ignored));
}

#[tokio::test]
async fn what_no_order_can_take_is_accepted_and_changes_nothing() {
    let market = Market::open().await;
    let (order_id, intent) = market.requested().await;
    let nowhere = Intent { order_id: Some(OrderId::from_uuid(Uuid::from_u128(404))), ..intent.clone() };
    let unknown = Intent { id: "pi_unknown".to_owned(), order_id: None, ..intent.clone() };
    for body in [
        message("evt_1", "customer.created", &json!({"id": "cus_1"})),
        succeeded("evt_2", &intent, 1),
        succeeded("evt_3", &nowhere, 1350),
        succeeded("evt_4", &unknown, 1350),
        refunded("evt_5", &unknown),
    ] {
        assert_eq!(market.told(&body).await, Ok(Received::Ignored), "{body}");
    }
    assert_eq!(market.version(order_id).await, 2);
}

#[tokio::test]
async fn what_the_provider_has_not_signed_is_refused() {
    let market = Market::open().await;
    let (order_id, intent) = market.requested().await;
    let body = succeeded("evt_1", &intent, 1350);
    let now = Utc::now();
    let forged = sign(&"whsec_other".into(), body.as_bytes(), now);
    for (signature, error) in [(forged.as_str(), SignatureError::Mismatch), ("", SignatureError::Malformed)] {
        let request =
            WebhookRequest { signature, body: body.as_bytes(), received_at: now, traceparent: None };
        let refused = webhook(&market.commands, &WebhookSecrets::new([secret()]), request).await;
        assert_eq!(refused, Err(error.into()));
    }
    assert!(matches!(market.told("{}").await, Err(WebhookError::Malformed(_))));
    assert_eq!(market.payment(order_id).await, PaymentStatus::Requested);
}
