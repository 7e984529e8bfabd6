//! The provider tells what became of a payment or a refund. It tells again until it hears 2xx, and in any order.

use agrodeep_domain::order::OrderRefusal;
use chrono::{DateTime, Utc};

pub use super::outcome::Received;
use super::{
    difference::{Difference, DifferenceKind},
    gateway::GatewayError,
    outcome::{RecordError, Source, Told, record},
    provider_event::{self, ProviderEventError},
    signature::{SignatureError, WebhookSecrets},
};
use crate::{Commands, ExecuteError};

/// A message as it came.
#[derive(Clone, Debug)]
pub struct WebhookRequest<'a> {
    /// The header `Stripe-Signature`; empty if there is none.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The W3C trace context it came with.
    pub traceparent: Option<String>,
}

/// Why a message was not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WebhookError {
    /// It is not the provider's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is the provider's, but cannot be read.
    #[error(transparent)]
    Malformed(#[from] ProviderEventError),
    /// It is about a payment that the order does not know yet. Send it again.
    #[error("the order does not know this payment yet")]
    TooEarly,
    /// Whose payment it is had to be asked, and the provider did not say. Send it again.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The command was not executed. Send it again.
    #[error(transparent)]
    Execute(#[from] ExecuteError<OrderRefusal>),
}

impl From<RecordError> for WebhookError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::TooEarly => Self::TooEarly,
            RecordError::Gateway(error) => Self::Gateway(error),
            RecordError::Execute(error) => Self::Execute(error),
        }
    }
}

/// Takes in what the provider tells.
///
/// # Errors
/// [`WebhookError`]. What is not signed changes nothing; what is signed and cannot be read is reported as a difference.
pub async fn webhook(
    commands: &Commands,
    secrets: &WebhookSecrets,
    request: WebhookRequest<'_>,
) -> Result<Received, WebhookError> {
    secrets.verify(request.signature, request.body, request.received_at)?;
    let event = match provider_event::read(request.body) {
        Ok(event) => event,
        Err(error) => {
            report_unreadable(commands, &request).await?;
            return Err(error.into());
        }
    };
    let told = Told {
        news: event.news,
        event_id: &event.id,
        source: Source::Webhook,
        at: request.received_at,
        traceparent: request.traceparent.clone(),
    };
    Ok(record(commands, told).await?)
}

/// It may be about money: that nobody here can read it must not stay unseen. What it says is not repeated.
async fn report_unreadable(commands: &Commands, request: &WebhookRequest<'_>) -> Result<(), RecordError> {
    let difference = Difference {
        kind: DifferenceKind::UnreadableMessage,
        reference: provider_event::id(request.body).unwrap_or_else(|| "unknown".to_owned()),
        order_id: None,
        expected: "an event of the payment provider".to_owned(),
        found: "a signed message that cannot be read".to_owned(),
    };
    commands.differences.report(&difference).await?;
    Ok(())
}
