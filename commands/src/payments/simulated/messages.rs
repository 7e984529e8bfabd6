//! What the simulated provider tells, in Stripe's event format.

use chrono::Utc;
use serde_json::{Value, json};

use super::super::{
    gateway::{Intent, IntentStatus, Refund},
    stripe::API_VERSION,
};

fn event(event_id: &str, kind: &str, object: &Value) -> String {
    json!({
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": Utc::now().timestamp(),
        "livemode": false,
        "pending_webhooks": 1,
        "type": kind,
        "data": { "object": object },
    })
    .to_string()
}

/// Stripe writes currencies in lower case.
fn currency(intent: &Intent) -> String {
    intent.amount.currency().code().to_ascii_lowercase()
}

fn intent_object(intent: &Intent, status: IntentStatus, received: i64) -> Value {
    json!({
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount.hundredths(),
        "amount_received": received,
        "currency": currency(intent),
        "metadata": { "order_id": intent.order_id },
        "status": status.as_str(),
        "livemode": false,
    })
}

/// The money is there.
pub(super) fn succeeded(event_id: &str, intent: &Intent) -> String {
    let object = intent_object(intent, IntentStatus::Succeeded, intent.amount.hundredths());
    event(event_id, "payment_intent.succeeded", &object)
}

/// The buyer's bank has not decided.
pub(super) fn processing(event_id: &str, intent: &Intent) -> String {
    event(event_id, "payment_intent.processing", &intent_object(intent, IntentStatus::Processing, 0))
}

/// The money could not be got.
pub(super) fn declined(event_id: &str, intent: &Intent, code: &str) -> String {
    let mut object = intent_object(intent, IntentStatus::RequiresPaymentMethod, 0);
    object["last_payment_error"] = json!({
        "type": "card_error",
        "code": code,
        "message": "Your card was declined.",
    });
    event(event_id, "payment_intent.payment_failed", &object)
}

/// The money is back.
pub(super) fn refunded(event_id: &str, intent: &Intent, refund: &Refund) -> String {
    let object = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount.hundredths(),
        "currency": currency(intent),
        "payment_intent": intent.id,
        "metadata": { "order_id": intent.order_id, "idempotency_key": refund.made_with },
        "status": "succeeded",
    });
    event(event_id, "refund.updated", &object)
}
