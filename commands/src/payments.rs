//! Paying: the port to the payment provider, what the buyer asks for, and what the provider says.

pub mod difference;
pub mod gateway;
pub mod intent;
mod minor_units;
pub mod outcome;
pub mod provider_event;
pub mod reconcile;
pub mod signature;
pub mod simulated;
pub mod stripe;
pub mod webhook;

pub use self::{
    intent::{IntentAnswer, IntentError, IntentRequest, intent},
    webhook::{Received, WebhookError, WebhookRequest, webhook},
};
