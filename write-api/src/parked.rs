//! Deciding about events that read models could not apply, as an admin does it. How it is carried out is not known here:
//! whoever composes the write API brings a [`ParkedEvents`].

use async_trait::async_trait;
use serde::Serialize;
use utoipa::ToSchema;

/// Where it is decided about what read models have parked.
#[async_trait]
pub trait ParkedEvents: Send + Sync {
    /// Has a parked aggregate's events applied again.
    async fn retry(&self, parked: ParkedStream, decided_by: &str) -> Result<DecisionView, ParkedRefusal>;
    /// Has the event left out that could not be applied, and the rest applied.
    async fn skip(
        &self,
        parked: ParkedStream,
        reason: String,
        decided_by: &str,
    ) -> Result<DecisionView, ParkedRefusal>;
    /// Has everything applied again that is parked (in one read model).
    async fn retry_all(
        &self,
        projection: Option<String>,
        decided_by: &str,
    ) -> Result<RetriedView, ParkedRefusal>;
}

/// A parked aggregate, as a client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedStream {
    /// In which read model.
    pub projection: String,
    /// The aggregate's stream.
    pub stream: String,
}

/// A decision, and what has come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DecisionView {
    /// In which read model.
    #[schema(example = "orders")]
    pub projection: String,
    /// About which aggregate.
    #[schema(example = "order-01919d2e-6a4b-7c11-9d3e-2f0a55b2c001")]
    pub stream: String,
    /// `released`: nothing of it is parked any more; `still_parked`: an event still cannot be applied, maybe a later one;
    /// `not_parked`: there was nothing to be done; null: it has been taken down, and is carried out as soon as the projection
    /// runs.
    #[schema(example = "released")]
    pub outcome: Option<&'static str>,
    /// How many events were applied.
    #[schema(example = 3)]
    pub applied: u64,
}

/// What has come of retrying everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RetriedView {
    /// How many aggregates were parked.
    #[schema(example = 12)]
    pub asked: u64,
    /// Of how many nothing is parked any more.
    #[schema(example = 11)]
    pub released: u64,
    /// Of how many an event still cannot be applied.
    #[schema(example = 1)]
    pub still_parked: u64,
    /// Of how many it is not known yet.
    #[schema(example = 0)]
    pub pending: u64,
}

/// Why nothing was decided. The text is for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParkedRefusal {
    /// There is no such read model.
    UnknownProjection(String),
    /// It is not parked.
    NotParked(String),
    /// An earlier decision about it has not been carried out yet.
    Pending(String),
    /// This read model leaves out what another one does.
    SkipElsewhere(String),
    /// The read models' database cannot be reached. For our log only.
    Unavailable(String),
}
