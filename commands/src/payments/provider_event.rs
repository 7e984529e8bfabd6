//! What the provider says, in Stripe's event format (<https://docs.stripe.com/api/events/object>).

use agrodeep_domain::{Money, OrderId, order::RefundOf};
use serde::Deserialize;

use super::gateway::GatewayKey;

/// A message that says something to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The provider's id of the message; the same when it is sent again.
    pub id: String,
    /// What it says.
    pub news: News,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The money is there.
    Captured {
        /// Of which payment.
        payment: PaymentRef,
        /// How much.
        amount: Money,
    },
    /// The money could not be got.
    Declined {
        /// Of which payment.
        payment: PaymentRef,
        /// Why, in the provider's word.
        code: String,
    },
    /// The money is back with the buyer.
    Refunded {
        /// Of which payment.
        payment: PaymentRef,
        /// The provider's id of the refund.
        refund_id: String,
        /// How much.
        amount: Money,
        /// What it gives back.
        of: RefundOf,
    },
    /// The money did not reach the buyer: the provider has it again.
    RefundFailed {
        /// Of which payment.
        payment: PaymentRef,
        /// The provider's id of the refund.
        refund_id: String,
        /// How much.
        amount: Money,
        /// Why, in the provider's word.
        reason: String,
    },
    /// Nothing that concerns us.
    Other {
        /// The message's type.
        kind: String,
    },
}

/// Which payment a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRef {
    /// The provider's id of it.
    pub intent_id: String,
    /// The order that it is for, if the message tells.
    pub order_id: Option<OrderId>,
}

/// Not a message of the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an event of the payment provider: {0}")]
pub struct ProviderEventError(String);

#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a serde_json::value::RawValue,
}

#[derive(Default, Deserialize)]
struct ObjectMetadata {
    order_id: Option<String>,
    idempotency_key: Option<String>,
}

impl ObjectMetadata {
    /// Whatever else stands there is not ours.
    fn order_id(&self) -> Option<OrderId> {
        self.order_id.as_deref().and_then(|id| id.parse().ok())
    }

    /// What a refund with this gives back: the key that it was made with tells.
    fn refund_of(&self) -> RefundOf {
        match (self.order_id(), &self.idempotency_key) {
            (Some(order_id), Some(key)) => GatewayKey::refund_of(order_id, key),
            _ => RefundOf::Unnamed,
        }
    }
}

#[derive(Deserialize)]
struct IntentObject {
    id: String,
    amount: i64,
    amount_received: Option<i64>,
    currency: String,
    #[serde(default)]
    metadata: ObjectMetadata,
    last_payment_error: Option<PaymentErrorObject>,
}

#[derive(Deserialize)]
struct PaymentErrorObject {
    code: Option<String>,
    decline_code: Option<String>,
}

#[derive(Deserialize)]
struct RefundObject {
    id: String,
    amount: i64,
    currency: String,
    status: Option<String>,
    failure_reason: Option<String>,
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: ObjectMetadata,
}

#[derive(Deserialize)]
struct ChargeObject {
    id: String,
    amount_refunded: i64,
    currency: String,
    refunded: bool,
    payment_intent: Option<String>,
    refunds: Option<RefundList>,
    #[serde(default)]
    metadata: ObjectMetadata,
}

#[derive(Deserialize)]
struct RefundList {
    #[serde(default)]
    data: Vec<RefundId>,
}

#[derive(Deserialize)]
struct RefundId {
    id: String,
}

/// Reads a message. Types that we do not know are [`News::Other`], and so are refunds that are not, or not wholly, done.
pub fn read(body: &[u8]) -> Result<ProviderEvent, ProviderEventError> {
    let Envelope { id, kind, data } =
        serde_json::from_slice(body).map_err(|error| ProviderEventError(error.to_string()))?;
    let news = match kind.as_str() {
        "payment_intent.succeeded" => {
            let intent: IntentObject = object(&data)?;
            Some(News::Captured {
                amount: money(intent.amount_received.unwrap_or(intent.amount), &intent.currency)?,
                payment: PaymentRef { order_id: intent.metadata.order_id(), intent_id: intent.id },
            })
        }
        "payment_intent.payment_failed" => {
            let intent: IntentObject = object(&data)?;
            let code = intent.last_payment_error.and_then(|error| error.decline_code.or(error.code));
            Some(News::Declined {
                payment: PaymentRef { order_id: intent.metadata.order_id(), intent_id: intent.id },
                code: code.unwrap_or_else(|| "unknown".to_owned()),
            })
        }
        "refund.updated" | "refund.created" | "refund.failed" | "charge.refund.updated" => {
            refund(object(&data)?)?
        }
        "charge.refunded" => refunded_charge(object(&data)?)?,
        _ => None,
    };
    Ok(ProviderEvent { id, news: news.unwrap_or(News::Other { kind }) })
}

/// The id of a message that cannot be read otherwise, if it has one that looks like one.
pub(super) fn id(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let Id { id } = serde_json::from_slice(body).ok()?;
    let plain = id.len() <= 255 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then_some(id)
}

fn object<'a, T: Deserialize<'a>>(data: &Data<'a>) -> Result<T, ProviderEventError> {
    serde_json::from_str(data.object.get())
        .map_err(|error| ProviderEventError(format!("data.object: {error}")))
}

fn refund(refund: RefundObject) -> Result<Option<News>, ProviderEventError> {
    let Some(intent_id) = refund.payment_intent else {
        return Ok(None);
    };
    let payment = PaymentRef { intent_id, order_id: refund.metadata.order_id() };
    let of = refund.metadata.refund_of();
    let (refund_id, amount) = (refund.id, money(refund.amount, &refund.currency)?);
    Ok(match refund.status.as_deref() {
        Some("succeeded") => Some(News::Refunded { payment, refund_id, amount, of }),
        Some("failed" | "canceled") => {
            let reason = refund.failure_reason.unwrap_or_else(|| "unknown".to_owned());
            Some(News::RefundFailed { payment, refund_id, amount, reason })
        }
        _ => None,
    })
}

fn refunded_charge(charge: ChargeObject) -> Result<Option<News>, ProviderEventError> {
    let (true, Some(intent_id)) = (charge.refunded, charge.payment_intent) else {
        return Ok(None);
    };
    // Newer versions of the API leave the refunds out: then the charge stands for its refund.
    let refund_id =
        charge.refunds.and_then(|refunds| refunds.data.into_iter().next()).map(|refund| refund.id);
    Ok(Some(News::Refunded {
        payment: PaymentRef { intent_id, order_id: charge.metadata.order_id() },
        refund_id: refund_id.unwrap_or(charge.id),
        amount: money(charge.amount_refunded, &charge.currency)?,
        // The sum of all its refunds, and one of them: never a word about one alone.
        of: RefundOf::Everything,
    }))
}

fn money(minor: i64, currency: &str) -> Result<Money, ProviderEventError> {
    super::minor_units::read(minor, currency).map_err(ProviderEventError)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use agrodeep_domain::Currency;
    use uuid::Uuid;

    use super::*;

    fn order_id() -> OrderId {
        OrderId::from_uuid(Uuid::from_u128(7))
    }

    fn payment() -> PaymentRef {
        PaymentRef { intent_id: "pi_1".to_owned(), order_id: Some(order_id()) }
    }

    fn event(kind: &str, object: &serde_json::Value) -> Vec<u8> {
        serde_json::json!({
            "id": "evt_1", "object": "event", "created": 1_724_000_000, "type": kind, "data": {"object": object}
        })
        .to_string()
        .into_bytes()
    }

    fn euros(cents: i64) -> Money {
        Money::from_hundredths(cents, Currency::EUR).unwrap()
    }

    #[test]
    fn a_payment_that_succeeded_is_captured() {
        let body = event(
            "payment_intent.succeeded",
            &serde_json::json!({"id": "pi_1", "amount": 1350, "amount_received": 1350, "currency": "eur",
                "metadata": {"order_id": order_id(), "other": "x"}, "status": "succeeded"}),
        );
        let news = News::Captured { payment: payment(), amount: euros(1350) };
        assert_eq!(read(&body), Ok(ProviderEvent { id: "evt_1".to_owned(), news }));
    }

    #[test]
    fn a_payment_that_failed_is_declined_with_the_banks_reason_first() {
        for (error, code) in [
            (
                serde_json::json!({"code": "card_declined", "decline_code": "insufficient_funds"}),
                "insufficient_funds",
            ),
            (serde_json::json!({"code": "card_declined"}), "card_declined"),
            (serde_json::Value::Null, "unknown"),
        ] {
            let body = event(
                "payment_intent.payment_failed",
                &serde_json::json!({"id": "pi_1", "amount": 1350, "currency": "eur",
                    "metadata": {"order_id": order_id()}, "last_payment_error": error}),
            );
            let news = News::Declined { payment: payment(), code: code.to_owned() };
            assert_eq!(read(&body).unwrap().news, news);
        }
    }

    #[test]
    fn a_refund_counts_once_it_has_succeeded() {
        let made_with = |status: &str, key: &str| {
            serde_json::json!({"id": "re_1", "amount": 1350, "currency": "eur", "status": status,
                "payment_intent": "pi_1", "metadata": {"order_id": order_id(), "idempotency_key": key}})
        };
        let news =
            |of| News::Refunded { payment: payment(), refund_id: "re_1".to_owned(), amount: euros(1350), of };
        let other_order = OrderId::from_uuid(Uuid::from_u128(8));
        // What it gives back stands in the key that it was made with, and in nothing else.
        for (key, of) in [
            (GatewayKey::refund(order_id()).as_str(), RefundOf::Rest),
            (GatewayKey::difference(order_id(), 12).as_str(), RefundOf::Difference(12)),
            (GatewayKey::part_refund(order_id(), "12").as_str(), RefundOf::Unnamed),
            (GatewayKey::difference(other_order, 12).as_str(), RefundOf::Unnamed),
            (GatewayKey::refund(order_id()).after_failures(12).as_str(), RefundOf::Unnamed),
            ("by hand", RefundOf::Unnamed),
        ] {
            let told = event("refund.updated", &made_with("succeeded", key));
            assert_eq!(read(&told).unwrap().news, news(of), "{key}");
        }
        let refund = |status: &str| made_with(status, "by hand");
        let other = News::Other { kind: "refund.updated".to_owned() };
        assert_eq!(read(&event("refund.updated", &refund("pending"))).unwrap().news, other);
    }

    #[test]
    fn a_charge_counts_as_refunded_when_all_of_it_is() {
        let charge = |refunded: bool, refunds: serde_json::Value| {
            serde_json::json!({"id": "ch_1", "amount_refunded": 1350, "currency": "eur", "refunded": refunded,
                "payment_intent": "pi_1", "metadata": {"order_id": order_id()}, "refunds": refunds})
        };
        let news = |refund_id: &str| News::Refunded {
            payment: payment(),
            refund_id: refund_id.to_owned(),
            amount: euros(1350),
            of: RefundOf::Everything,
        };
        let listed = charge(true, serde_json::json!({"data": [{"id": "re_1"}]}));
        assert_eq!(read(&event("charge.refunded", &listed)).unwrap().news, news("re_1"));
        let unlisted = charge(true, serde_json::Value::Null);
        assert_eq!(read(&event("charge.refunded", &unlisted)).unwrap().news, news("ch_1"));
        let partly = charge(false, serde_json::Value::Null);
        let other = News::Other { kind: "charge.refunded".to_owned() };
        assert_eq!(read(&event("charge.refunded", &partly)).unwrap().news, other);
    }

    #[test]
    fn an_unknown_type_is_accepted_and_nonsense_is_not() {
        let other = News::Other { kind: "customer.created".to_owned() };
        assert_eq!(read(&event("customer.created", &serde_json::json!({"id": 1}))).unwrap().news, other);
        let zero_places = serde_json::json!({"id": "pi_1", "amount": 5, "currency": "jpy"});
        let negative = serde_json::json!({"id": "pi_1", "amount": -5, "currency": "eur"});
        for bad in [
            b"".to_vec(),
            b"{}".to_vec(),
            b"[1]".to_vec(),
            b"\xff\xfe".to_vec(),
            "[".repeat(10_000).into_bytes(),
            event("payment_intent.succeeded", &serde_json::json!({"id": "pi_1"})),
            event("payment_intent.succeeded", &zero_places),
            event("payment_intent.succeeded", &negative),
            event("refund.updated", &serde_json::json!("re_1")),
        ] {
            assert!(read(&bad).is_err(), "{}", String::from_utf8_lossy(&bad));
        }
    }
}
