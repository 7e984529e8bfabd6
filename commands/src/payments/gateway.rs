//! The port to the payment provider.
//!
//! The words are Stripe's (an *intent* is one payment from asking to capture), and so is the way amounts go: in minor units
//! of the currency, which for all currencies of [`Money`] are its hundredths.

use std::fmt;

use agrodeep_domain::{Money, OrderId, order::RefundOf};
use async_trait::async_trait;

/// What the keys of refunds of differences have before the number of the change.
const DIFFERENCE: &str = "difference-";

/// Keeps a repeated call from doing anything twice: the provider gives the first result again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GatewayKey(String);

impl GatewayKey {
    /// For the one charge of an order.
    pub fn charge(order_id: OrderId) -> Self {
        Self(format!("order:{order_id}:charge"))
    }

    /// For calling the charge of an order off.
    pub fn cancel(order_id: OrderId) -> Self {
        Self(format!("order:{order_id}:cancel"))
    }

    /// For the one refund of an order.
    pub fn refund(order_id: OrderId) -> Self {
        Self(format!("order:{order_id}:refund"))
    }

    /// For one of several refunds of an order, each of a part of what was paid; `part` tells them apart.
    pub fn part_refund(order_id: OrderId, part: &str) -> Self {
        Self(format!("order:{order_id}:refund:{part}"))
    }

    /// For giving back the difference that one change of a line makes; the first is 1.
    pub fn difference(order_id: OrderId, adjustment: u32) -> Self {
        Self::part_refund(order_id, &format!("{DIFFERENCE}{adjustment}"))
    }

    /// What a refund under this key gives back of the payment of `order_id`. [`RefundOf::Unnamed`]: the key is not ours.
    pub fn refund_of(order_id: OrderId, key: &str) -> RefundOf {
        if key == Self::refund(order_id).as_str() {
            return RefundOf::Rest;
        }
        let part = key.strip_prefix(Self::part_refund(order_id, DIFFERENCE).as_str());
        let number = part.and_then(|number| number.parse().ok());
        number.map_or(RefundOf::Unnamed, RefundOf::Difference)
    }

    /// For doing it anew after it has failed for good so many times: the provider gives a failure again and again.
    #[must_use]
    pub fn after_failures(&self, failures: usize) -> Self {
        if failures == 0 { self.clone() } else { Self(format!("{}:{failures}", self.0)) }
    }

    /// The key as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What lets its holder pay. Goes to the buyer and nowhere else; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Hides a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself: for the buyer.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// How far a payment has come at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntentStatus {
    /// The buyer has yet to pay, or to pay by other means than those that were declined.
    RequiresPaymentMethod,
    /// The buyer has begun to pay and has something left to do, such as confirming with the bank.
    RequiresAction,
    /// The provider is waiting for the buyer's bank.
    Processing,
    /// The provider has the money.
    Succeeded,
    /// Called off: it can no longer be paid.
    Canceled,
}

impl IntentStatus {
    /// As the provider writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The provider's id of it.
    pub id: String,
    /// The order it is for, if the provider was told.
    pub order_id: Option<OrderId>,
    /// What is to be paid.
    pub amount: Money,
    /// What the provider has of it. What was given back later still counts.
    pub received: Money,
    /// How far it has come.
    pub status: IntentStatus,
    /// Why the buyer's last attempt failed, in the provider's word; `None`: none has failed since the last success.
    pub decline_code: Option<String>,
    /// What lets the buyer pay it.
    pub client_secret: ClientSecret,
}

/// Ask for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateIntent {
    /// For which order.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
}

/// Give money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRefund {
    /// Of which payment.
    pub intent_id: String,
    /// How much.
    pub amount: Money,
}

/// How far a refund has come at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// With the buyer.
    Succeeded,
    /// It did not reach the buyer: the provider has the money again.
    Failed,
}

/// Money given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The provider's id of it.
    pub id: String,
    /// Of which payment.
    pub intent_id: String,
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub status: RefundStatus,
    /// The key that it was made with; `None`: not by us.
    pub made_with: Option<String>,
}

/// Why the provider did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No answer, or none that could be understood: it is open whether it was done. Ask again with the same key.
    #[error("the payment provider cannot be reached: {0}")]
    Unavailable(String),
    /// It says no, and will say so again.
    #[error("the payment provider refuses ({code}): {message}")]
    Rejected {
        /// Its word for why, for example [`UNEXPECTED_STATE`].
        code: String,
        /// Its words for why.
        message: String,
    },
}

/// The code of a rejection: the payment is in a state in which that cannot be done.
pub const UNEXPECTED_STATE: &str = "payment_intent_unexpected_state";
/// The code of a rejection: the key was used for something else.
pub const KEY_REUSED: &str = "idempotency_error";
/// The code of a rejection: there is no such payment.
pub const MISSING: &str = "resource_missing";
/// The code of a rejection: more would be given back than was paid.
pub const TOO_MUCH: &str = "amount_too_large";

/// A payment provider. Outcomes of what the buyer does come as webhooks, never as results of these calls.
#[async_trait]
pub trait PaymentGateway: Send + Sync + 'static {
    /// Its name, for metrics: `simulated`, `stripe`.
    fn name(&self) -> &'static str;

    /// Asks for a payment. With a key that was used before, gives that payment as it now stands.
    async fn create_intent(&self, request: &CreateIntent, key: &GatewayKey) -> Result<Intent, GatewayError>;

    /// The payment of this id.
    async fn intent(&self, intent_id: &str) -> Result<Option<Intent>, GatewayError>;

    /// The payment of an order, to look before charging again: the one that succeeded, or else the latest.
    async fn intent_of_order(&self, order_id: OrderId) -> Result<Option<Intent>, GatewayError>;

    /// Calls a payment off. If it has been called off already, gives it as it is; if it has succeeded, rejected as
    /// [`UNEXPECTED_STATE`].
    async fn cancel_intent(&self, intent_id: &str, key: &GatewayKey) -> Result<Intent, GatewayError>;

    /// Gives money back. If it has been given back in full already, gives the refund that did it, whatever the key: keys are
    /// forgotten after a day, refunds are not.
    async fn refund(&self, request: &CreateRefund, key: &GatewayKey) -> Result<Refund, GatewayError>;

    /// All refunds of a payment, the newest first.
    ///
    /// # Errors
    /// [`GatewayError::Unavailable`] also of a provider that does not tell its refunds.
    async fn refunds(&self, intent_id: &str) -> Result<Vec<Refund>, GatewayError> {
        Err(GatewayError::Unavailable(format!("{} does not tell the refunds of {intent_id}", self.name())))
    }
}
