//! What the routes share, and the settings it is made from. Each router takes only what it uses (`FromRef`).

use std::{sync::Arc, time::Duration};

use agrodeep_event_store::SharedLog;
use agrodeep_http::TokenVerifier;
use agrodeep_projections::ReadModels;
use axum::extract::FromRef;

use crate::{
    event_streams::{EventStreams, StreamSettings},
    links::Links,
    payments::PaymentDifferences,
    reading::Reading,
};

/// What the read API needs.
#[derive(Clone)]
pub struct ReadApi {
    /// Answers the questions.
    pub models: ReadModels,
    /// Replayed for analysts and auditors, and for what is to be seen as it was; asked for its head, for readiness.
    pub log: SharedLog,
    /// Where the payment provider and the log differ.
    pub differences: Arc<dyn PaymentDifferences>,
    /// How it is replayed.
    pub streams: StreamSettings,
    /// Says who asks.
    pub tokens: TokenVerifier,
    /// The rest.
    pub settings: ReadApiSettings,
}

/// What can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadApiSettings {
    /// Where clients reach the APIs, without a slash at the end: links in answers begin with it.
    pub public_url: String,
    /// How long a query with `Agrodeep-Min-Position` waits for its read models.
    pub min_position_wait: Duration,
    /// With a read model or the index more events behind the log than so, the service is not ready.
    pub ready_lag_events_max: u64,
}

impl Default for ReadApiSettings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:3001".to_owned(),
            min_position_wait: Duration::from_secs(2),
            ready_lag_events_max: 10_000,
        }
    }
}

/// What all routers together take their parts from.
#[derive(Clone, FromRef)]
pub(crate) struct Shared {
    reading: Reading,
    links: Links,
    streams: EventStreams,
    tokens: TokenVerifier,
    log: SharedLog,
    differences: Arc<dyn PaymentDifferences>,
}

impl From<ReadApi> for Shared {
    fn from(api: ReadApi) -> Self {
        // Without `..`: a setting that is not used anywhere does not compile.
        let ReadApi { models, log, differences, streams, tokens, settings } = api;
        let ReadApiSettings { public_url, min_position_wait, ready_lag_events_max: _ } = settings;
        Self {
            reading: Reading::new(models, min_position_wait),
            links: Links::new(&public_url),
            streams: EventStreams::new(log.clone(), streams),
            tokens,
            log,
            differences,
        }
    }
}
