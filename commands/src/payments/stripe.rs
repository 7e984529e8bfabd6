//! Stripe (<https://docs.stripe.com/api>), as far as a marketplace needs it: payments that the buyer confirms at Stripe, and
//! refunds. Outcomes come as webhooks ([`super::webhook`]); what got lost is asked for ([`super::reconcile`]).
//!
//! What Stripe keeps for us, and for how long, decides how a call may be repeated:
//!
//! * A key makes a repeated `POST` give its first answer again, *whatever it was*, for at least 24 hours. So a payment is asked
//!   for and money is given back under a key; what the first answer can no longer say (how far a payment has come) is looked
//!   up. Cancelling has no key: it is idempotent by itself, and a "not now" must not be given again for a day.
//! * Payments and refunds stay. So before money is given back, the refunds that are there are looked at: one that carries our
//!   key is ours, however long ago it was made.

mod client;
mod form;
mod lookup;
mod objects;
mod refunds;
mod retry;

use std::time::Duration;

use agrodeep_domain::OrderId;
use async_trait::async_trait;
use reqwest::Url;
use secrecy::SecretString;

use self::{client::Client, form::Form, objects::IntentObject};
use super::gateway::{
    CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, IntentStatus, PaymentGateway, Refund,
    UNEXPECTED_STATE,
};

/// The version of Stripe's API that this speaks. Webhook endpoints have to be made with the same.
pub const API_VERSION: &str = "2025-03-31.basil";

/// Where Stripe is.
pub const API_BASE: &str = "https://api.stripe.com";

/// The member of `metadata` that says which order a payment or refund is for.
const ORDER_ID: &str = "order_id";
/// The member of a refund's `metadata` that holds the key it was made with.
const KEY: &str = "idempotency_key";

/// How Stripe is spoken to. `Debug` hides the key.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    /// The secret key, or a restricted one that may read and write payment intents and refunds.
    pub secret_key: SecretString,
    /// Where Stripe is, without a slash at the end: [`API_BASE`], but for tests.
    pub api_base: String,
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request is sent again at the most.
    pub retries_max: u32,
    /// The pause before the first repeat; later ones are longer.
    pub first_pause: Duration,
    /// The longest pause that is made by ourselves, and the longest that Stripe is granted by `Retry-After`.
    pub pause_max: Duration,
}

impl StripeSettings {
    /// The usual settings.
    pub fn new(secret_key: SecretString) -> Self {
        Self {
            secret_key,
            api_base: API_BASE.to_owned(),
            timeout: Duration::from_secs(10),
            retries_max: 2,
            first_pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(5),
        }
    }
}

/// Why Stripe cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
pub enum StripeSettingsError {
    /// The address is none.
    #[error("the address of Stripe must be an http or https address")]
    Address,
    /// The key cannot stand in a header.
    #[error("the secret key of Stripe holds what cannot be sent")]
    Key,
    /// There is no HTTP client.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// The payment provider Stripe. Clones share everything.
#[derive(Clone)]
pub struct StripeGateway {
    client: Client,
}

impl StripeGateway {
    /// Speaks to Stripe as `settings` say. Nothing is sent yet.
    ///
    /// # Errors
    /// [`StripeSettingsError`]: the address or the key cannot be used.
    pub fn new(settings: StripeSettings) -> Result<Self, StripeSettingsError> {
        Ok(Self { client: Client::new(settings)? })
    }

    async fn intent_object(&self, intent_id: &str) -> Result<Option<IntentObject>, GatewayError> {
        self.client.get_existing(&["v1", "payment_intents", intent_id], &Form::new()).await
    }
}

#[async_trait]
impl PaymentGateway for StripeGateway {
    fn name(&self) -> &'static str {
        "stripe"
    }

    async fn create_intent(&self, request: &CreateIntent, key: &GatewayKey) -> Result<Intent, GatewayError> {
        let form = Form::new()
            .amount(request.amount)
            .field("currency", &request.amount.currency().code().to_ascii_lowercase())
            .field("automatic_payment_methods[enabled]", "true")
            .field(&format!("metadata[{ORDER_ID}]"), &request.order_id.to_string());
        let posted = self.client.post::<IntentObject>(&["v1", "payment_intents"], &form, Some(key)).await?;
        let intent = posted.object.read()?;
        if !posted.replayed {
            return Ok(intent);
        }
        // The first answer again, however old: how far the payment has come since has to be asked.
        match self.intent(&intent.id).await? {
            Some(current) => Ok(current),
            None => Ok(intent),
        }
    }

    async fn intent(&self, intent_id: &str) -> Result<Option<Intent>, GatewayError> {
        self.intent_object(intent_id).await?.map(IntentObject::read).transpose()
    }

    async fn intent_of_order(&self, order_id: OrderId) -> Result<Option<Intent>, GatewayError> {
        lookup::intent_of_order(&self.client, order_id).await
    }

    async fn cancel_intent(&self, intent_id: &str, _key: &GatewayKey) -> Result<Intent, GatewayError> {
        // Without a key: see the top of this file.
        let path = ["v1", "payment_intents", intent_id, "cancel"];
        match self.client.post::<IntentObject>(&path, &Form::new(), None).await {
            Ok(posted) => posted.object.read(),
            Err(GatewayError::Rejected { code, message }) if code == UNEXPECTED_STATE => {
                match self.intent(intent_id).await? {
                    Some(intent) if intent.status == IntentStatus::Canceled => Ok(intent),
                    _ => Err(GatewayError::Rejected { code, message }),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn refund(&self, request: &CreateRefund, key: &GatewayKey) -> Result<Refund, GatewayError> {
        refunds::create(self, request, key).await
    }

    async fn refunds(&self, intent_id: &str) -> Result<Vec<Refund>, GatewayError> {
        let found = refunds::of_intent(&self.client, intent_id).await?;
        found.into_iter().map(|refund| refund.read(intent_id)).collect()
    }
}

/// An address of the API: each part of the path is one segment, whatever it holds.
fn address(base: &Url, path: &[&str], query: &Form) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url.set_query(query.encoded());
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_is_one_segment_of_the_address_whatever_it_holds() {
        let base = Url::parse("https://api.stripe.com").unwrap();
        let url = address(&base, &["v1", "payment_intents", "../customers?x=1#y"], &Form::new());
        assert_eq!(url.as_str(), "https://api.stripe.com/v1/payment_intents/..%2Fcustomers%3Fx=1%23y");
        let behind = Url::parse("http://127.0.0.1:1/stripe/").unwrap();
        let url = address(&behind, &["v1", "refunds"], &Form::new().field("limit", "1"));
        assert_eq!(url.as_str(), "http://127.0.0.1:1/stripe/v1/refunds?limit=1");
    }

    #[test]
    fn the_key_is_in_nothing_that_is_shown() {
        let settings = StripeSettings::new("sk_test_51secret".into());
        assert!(!format!("{settings:?}").contains("51secret"));
    }
}
