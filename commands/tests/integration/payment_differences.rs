//! Where the payment provider and the log differ: nothing is captured silently, and everything is reported.

use agrodeep_commands::{
    order::{CancelRequest, cancel},
    payments::{
        Received, WebhookError, WebhookRequest,
        difference::DifferenceKind,
        gateway::Intent,
        signature::{WebhookSecrets, sign},
        webhook,
    },
};
use agrodeep_domain::{
    Order, OrderId,
    order::{CancelReason, Canceller, PaymentStatus, RequestRefund},
};
use chrono::{TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::market::{Market, by_system};

fn event(event_id: &str, kind: &str, object: &Value) -> String {
    // Made three days ago: Stripe signs a late message anew when it sends it.
    let created = (Utc::now() - TimeDelta::days(3)).timestamp();
    json!({ "id": event_id, "object": "event", "api_version": "2025-03-31.basil", "created": created,
        "livemode": false, "type": kind, "data": { "object": object } })
    .to_string()
}

fn paid(event_id: &str, intent: &Intent, cents: i64, currency: &str) -> String {
    let object = json!({ "id": intent.id, "object": "payment_intent", "amount": cents, "amount_received": cents,
        "currency": currency, "status": "succeeded", "metadata": { "order_id": intent.order_id } });
    event(event_id, "payment_intent.succeeded", &object)
}

fn declined(event_id: &str, intent: &Intent) -> String {
    let object = json!({ "id": intent.id, "object": "payment_intent", "amount": 1350, "currency": "eur",
        "status": "requires_payment_method", "metadata": { "order_id": intent.order_id },
        "last_payment_error": { "type": "card_error", "code": "card_declined", "decline_code": "lost_card" } });
    event(event_id, "payment_intent.payment_failed", &object)
}

fn given_back(event_id: &str, intent: &Intent, cents: i64, status: &str) -> String {
    let object = json!({ "id": "re_1", "object": "refund", "amount": cents, "currency": "eur", "status": status,
        "failure_reason": "lost_or_stolen_card", "payment_intent": intent.id,
        "metadata": { "order_id": intent.order_id } });
    event(event_id, "refund.updated", &object)
}

impl Market {
    async fn hears(&self, body: &str) -> Result<Received, WebhookError> {
        let (secret, now) = (SecretString::from("whsec_test"), Utc::now());
        let signature = sign(&secret, body.as_bytes(), now);
        let request = WebhookRequest {
            signature: &signature,
            body: body.as_bytes(),
            received_at: now,
            traceparent: None,
        };
        webhook(&self.commands, &WebhookSecrets::new([secret]), request).await
    }

    async fn order_with_payment(&self) -> (OrderId, Intent) {
        let order_id = self.order().await.order.order_id;
        (order_id, self.request_payment(order_id).await)
    }

    async fn payment_of(&self, order_id: OrderId) -> PaymentStatus {
        self.state::<Order>(order_id.uuid()).await.payment.status
    }

    async fn length(&self, order_id: OrderId) -> u64 {
        self.commands.executor.state::<Order>(order_id.uuid()).await.unwrap().version
    }

    async fn calls_off(&self, order_id: OrderId) {
        let by = Canceller::Fulfilment(CancelReason::PaymentTimeout);
        cancel(&self.commands, CancelRequest { order_id, by, note: None }, by_system()).await.unwrap();
    }

    /// The kinds of differences that are known, the latest first, with what the log and the provider say.
    async fn differences(&self) -> Vec<(String, String, String, u64)> {
        let known = self.commands.differences.latest(100).await.unwrap();
        known.into_iter().map(|one| (one.kind, one.expected, one.found, one.times)).collect()
    }
}

fn difference(
    kind: DifferenceKind,
    expected: &str,
    found: &str,
    times: u64,
) -> (String, String, String, u64) {
    (kind.as_str().to_owned(), expected.to_owned(), found.to_owned(), times)
}

#[tokio::test]
async fn another_amount_or_currency_is_never_captured_and_is_reported_once() {
    let market = Market::open().await;
    let (order_id, intent) = market.order_with_payment().await;
    for (event_id, cents, currency) in
        [("evt_1", 1, "eur"), ("evt_2", 1350, "usd"), ("evt_2", 1350, "usd"), ("evt_3", 1350, "usd")]
    {
        assert_eq!(market.hears(&paid(event_id, &intent, cents, currency)).await, Ok(Received::Ignored));
    }
    assert_eq!(market.payment_of(order_id).await, PaymentStatus::Requested);
    assert_eq!(
        market.differences().await,
        [
            difference(DifferenceKind::OtherAmount, "13.50 EUR", "13.50 USD paid", 3),
            difference(DifferenceKind::OtherAmount, "13.50 EUR", "0.01 EUR paid", 1),
        ]
    );
    // The right one is captured all the same.
    market.hears(&paid("evt_4", &intent, 1350, "eur")).await.unwrap();
    assert_eq!(market.payment_of(order_id).await, PaymentStatus::Captured);
}

#[tokio::test]
async fn money_that_no_order_asked_for_is_reported() {
    let market = Market::open().await;
    let (order_id, intent) = market.order_with_payment().await;
    let nowhere = Intent { order_id: Some(OrderId::from_uuid(Uuid::from_u128(404))), ..intent.clone() };
    let nobodys = Intent { id: "pi_nobodys".to_owned(), order_id: None, ..intent.clone() };
    let second = Intent { id: "pi_second".to_owned(), ..intent.clone() };
    for (n, other) in [nowhere, nobodys.clone(), second].iter().enumerate() {
        let told = market.hears(&paid(&format!("evt_{n}"), other, 1350, "eur")).await;
        assert_eq!(told, Ok(Received::Ignored));
    }
    // A refusal takes nobody's money.
    market.hears(&declined("evt_9", &nobodys)).await.unwrap();
    let unknown = |expected| difference(DifferenceKind::UnknownPayment, expected, "13.50 EUR paid", 1);
    assert_eq!(
        market.differences().await,
        [
            unknown("the payment is not the one that was requested"),
            unknown("no order of ours"),
            unknown("there is no such order"),
        ]
    );
    assert_eq!(market.length(order_id).await, 2);
}

#[tokio::test]
async fn a_refund_that_fails_or_is_another_is_reported_and_not_recorded() {
    let market = Market::open().await;
    let (order_id, intent) = market.order_with_payment().await;
    market.hears(&paid("evt_1", &intent, 1350, "eur")).await.unwrap();
    // Somebody gives money back in the provider's dashboard, while the order goes on.
    let unexpected = market.hears(&given_back("evt_2", &intent, 1350, "succeeded")).await;
    assert_eq!(unexpected, Err(WebhookError::TooEarly));
    market.calls_off(order_id).await;
    market.execute::<Order>(order_id.uuid(), RequestRefund).await;
    for (event_id, cents, status) in [("evt_3", 350, "succeeded"), ("evt_4", 1350, "failed")] {
        let told = market.hears(&given_back(event_id, &intent, cents, status)).await;
        assert_eq!(told, Ok(Received::Ignored), "{event_id}");
    }
    assert_eq!(market.payment_of(order_id).await, PaymentStatus::RefundRequested);
    assert_eq!(
        market.differences().await,
        [
            difference(
                DifferenceKind::RefundFailed,
                "13.50 EUR with the buyer",
                "re_1 failed: lost_or_stolen_card",
                1
            ),
            difference(DifferenceKind::OtherRefundAmount, "13.50 EUR", "3.50 EUR given back", 1),
            difference(
                DifferenceKind::UnexpectedRefund,
                "payment captured",
                "13.50 EUR given back (re_1)",
                1
            ),
        ]
    );
    market.hears(&given_back("evt_5", &intent, 1350, "succeeded")).await.unwrap();
    assert_eq!(market.payment_of(order_id).await, PaymentStatus::Refunded);
}

#[tokio::test]
async fn a_signed_message_that_cannot_be_read_is_reported_without_what_it_says() {
    let market = Market::open().await;
    let object = json!({ "id": "pi_1", "amount": "bob@example.org", "currency": "eur" });
    let bad = event("evt_odd", "payment_intent.succeeded", &object);
    for _ in 0..2 {
        assert!(matches!(market.hears(&bad).await, Err(WebhookError::Malformed(_))));
    }
    let known = market.commands.differences.latest(10).await.unwrap();
    assert_eq!((known.len(), known[0].reference.as_str(), known[0].times), (1, "evt_odd", 2));
    assert!(!format!("{known:?}").contains("bob@"));
    // Unsigned, it is nobody's word.
    let request = WebhookRequest {
        signature: "t=1,v1=00",
        body: bad.as_bytes(),
        received_at: Utc::now(),
        traceparent: None,
    };
    let secrets = WebhookSecrets::new([SecretString::from("whsec_test")]);
    assert!(matches!(webhook(&market.commands, &secrets, request).await, Err(WebhookError::Signature(_))));
    assert_eq!(market.commands.differences.latest(10).await.unwrap()[0].times, 2);
}

/// Each message five times, in every order of the three, three days late, before and after the order was cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn in_whatever_order_and_however_often_messages_come_the_end_is_the_same() {
    let market = Market::open().await;
    for cancelled in [false, true] {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let (order_id, intent) = market.order_with_payment().await;
            if cancelled {
                market.calls_off(order_id).await;
            }
            let id = |n: usize| format!("evt_{}_{n}", order_id.uuid());
            let messages = [
                declined(&id(0), &intent),
                paid(&id(1), &intent, 1350, "eur"),
                event(&id(2), "payment_intent.processing", &json!({ "id": intent.id })),
            ];
            for n in order {
                let copies = (0..5).map(|_| market.hears(&messages[n]));
                for heard in futures::future::join_all(copies).await {
                    assert!(heard.is_ok(), "{heard:?}");
                }
            }
            assert_eq!(market.payment_of(order_id).await, PaymentStatus::Captured, "{order:?}");
            // Placed, requested, perhaps cancelled, captured; declined only when that came first.
            let declined_first = order.iter().position(|n| *n == 0) < order.iter().position(|n| *n == 1);
            let expected = 3 + u64::from(cancelled) + u64::from(declined_first);
            assert_eq!(market.length(order_id).await, expected, "{order:?} {cancelled}");
        }
    }
    assert_eq!(market.differences().await, []);
}
