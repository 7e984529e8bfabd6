//! What Stripe answers: the members of its objects that matter here, and what they mean.

use std::collections::BTreeMap;

use agrodeep_domain::{Money, OrderId};
use serde::Deserialize;

use super::{
    super::gateway::{ClientSecret, GatewayError, Intent, IntentStatus, Refund, RefundStatus},
    KEY, ORDER_ID,
};
use crate::payments::minor_units;

/// An object that is there, or why it cannot be understood: never the end of anything, as it is open what was done.
fn unclear(what: &str) -> GatewayError {
    GatewayError::Unavailable(format!("Stripe's answer cannot be understood: {what}"))
}

fn money(minor: i64, currency: &str) -> Result<Money, GatewayError> {
    minor_units::read(minor, currency).map_err(|reason| unclear(&reason))
}

/// <https://docs.stripe.com/api/payment_intents/object>
#[derive(Deserialize)]
pub(super) struct IntentObject {
    id: String,
    amount: i64,
    #[serde(default)]
    amount_received: Option<i64>,
    currency: String,
    status: String,
    #[serde(default)]
    created: i64,
    #[serde(default)]
    client_secret: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    last_payment_error: Option<PaymentError>,
}

#[derive(Deserialize)]
struct PaymentError {
    code: Option<String>,
    decline_code: Option<String>,
}

impl IntentObject {
    /// When it was made, in seconds since 1970.
    pub const fn created(&self) -> i64 {
        self.created
    }

    pub fn order_id(&self) -> Option<OrderId> {
        self.metadata.get(ORDER_ID).and_then(|id| id.parse().ok())
    }

    pub fn status(&self) -> Result<IntentStatus, GatewayError> {
        Ok(match self.status.as_str() {
            "requires_payment_method" => IntentStatus::RequiresPaymentMethod,
            "requires_confirmation" | "requires_action" => IntentStatus::RequiresAction,
            // Nobody here asks for authorisation alone: should somebody else, the money has yet to come.
            "processing" | "requires_capture" => IntentStatus::Processing,
            "succeeded" => IntentStatus::Succeeded,
            "canceled" => IntentStatus::Canceled,
            other => return Err(unclear(&format!("a payment with the status {other:?}"))),
        })
    }

    pub fn received(&self) -> Result<Money, GatewayError> {
        money(self.amount_received.unwrap_or(0), &self.currency)
    }

    pub fn read(self) -> Result<Intent, GatewayError> {
        let declined = self.last_payment_error.as_ref();
        Ok(Intent {
            order_id: self.order_id(),
            amount: money(self.amount, &self.currency)?,
            received: self.received()?,
            status: self.status()?,
            decline_code: declined.and_then(|error| error.decline_code.clone().or(error.code.clone())),
            client_secret: ClientSecret::new(self.client_secret.unwrap_or_default()),
            id: self.id,
        })
    }
}

/// <https://docs.stripe.com/api/refunds/object>
#[derive(Deserialize)]
pub(super) struct RefundObject {
    id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl RefundObject {
    pub fn made_with(&self) -> Option<&str> {
        self.metadata.get(KEY).map(String::as_str)
    }

    /// Why it did not reach the buyer, if Stripe says so.
    pub fn failure_reason(&self) -> Option<&str> {
        self.failure_reason.as_deref()
    }

    pub fn has_failed(&self) -> bool {
        self.status() == RefundStatus::Failed
    }

    fn status(&self) -> RefundStatus {
        match self.status.as_deref() {
            Some("succeeded") => RefundStatus::Succeeded,
            Some("failed" | "canceled") => RefundStatus::Failed,
            // `pending`, `requires_action`, or none yet.
            _ => RefundStatus::Pending,
        }
    }

    pub fn read(self, intent_id: &str) -> Result<Refund, GatewayError> {
        Ok(Refund {
            intent_id: intent_id.to_owned(),
            amount: money(self.amount, &self.currency)?,
            status: self.status(),
            made_with: self.metadata.get(KEY).cloned(),
            id: self.id,
        })
    }
}

/// A page of a list: <https://docs.stripe.com/api/pagination>, <https://docs.stripe.com/api/pagination/search>
#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

impl Page<IntentObject> {
    /// Where the next page begins.
    pub fn last_id(&self) -> Option<&str> {
        self.data.last().map(|last| last.id.as_str())
    }
}

/// <https://docs.stripe.com/api/errors>
#[derive(Deserialize)]
pub(super) struct ErrorAnswer {
    pub error: ErrorObject,
}

#[derive(Deserialize)]
pub(super) struct ErrorObject {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl ErrorObject {
    /// The most telling word for why.
    pub fn code(&self) -> &str {
        let words = [&self.decline_code, &self.code, &self.kind];
        words.into_iter().flatten().next().map_or("unknown", String::as_str)
    }

    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("without a message")
    }
}
