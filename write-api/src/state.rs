//! What the write API is made of. Each route takes from it only what it uses.

use std::sync::Arc;

use agrodeep_commands::{
    Commands,
    payments::{signature::WebhookSecrets, simulated::SimulatedGateway},
};
use agrodeep_http::TokenVerifier;
use axum::extract::FromRef;

use crate::{accounts::Accounts, parked::ParkedEvents, rebuilds::ProjectionRebuilds, runner::Runner};

/// What the write API is made of.
#[derive(Clone, FromRef)]
pub struct WriteApi {
    /// What can be asked of the market.
    pub commands: Commands,
    /// Sign-in and credentials.
    pub accounts: Accounts,
    /// Knows whose a token is.
    pub verifier: TokenVerifier,
    /// Runs commands to their end, once per idempotency key.
    pub runner: Runner,
    /// What the payment provider signs with.
    pub webhook_secrets: WebhookSecrets,
    /// The simulated payment provider, where there is one.
    pub simulator: Option<SimulatedGateway>,
    /// Where it is decided about what read models have parked.
    pub parked: SharedParked,
    /// Builds read models anew.
    pub rebuilds: SharedRebuilds,
    /// Where clients find what answers point to.
    pub urls: PublicUrls,
}

/// Where it is decided about what read models have parked, whatever that is.
#[derive(Clone)]
pub struct SharedParked(pub Arc<dyn ParkedEvents>);

/// What builds read models anew, whatever it is.
#[derive(Clone)]
pub struct SharedRebuilds(pub Arc<dyn ProjectionRebuilds>);

/// Where clients find what answers point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrls {
    /// Where the read API is, without a slash at the end: `http://127.0.0.1:3001`.
    pub read: String,
}
