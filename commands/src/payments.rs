//! Paying: the port to the payment provider, what the buyer asks for, and what the provider says.

pub mod gateway;
pub mod intent;
pub mod provider_event;
pub mod signature;
pub mod simulated;
pub mod webhook;

pub use self::{
    intent::{IntentAnswer, IntentError, IntentRequest, intent},
    webhook::{Received, WebhookError, WebhookRequest, webhook},
};
