//! Building read models anew, as an admin asks for it. How it is done is not known here: whoever composes the write API
//! brings a [`ProjectionRebuilds`].

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// What builds read models anew.
#[async_trait]
pub trait ProjectionRebuilds: Send + Sync {
    /// Asks for a rebuild, or goes on with one that rests.
    async fn start(&self, request: StartRebuild) -> Result<RebuildView, RebuildRefusal>;
    /// The latest rebuild of a projection, if there was one.
    async fn latest(&self, projection: &str) -> Result<Option<RebuildView>, RebuildRefusal>;
    /// Lets a rebuild rest where it is.
    async fn stop(&self, projection: &str) -> Result<RebuildView, RebuildRefusal>;
    /// Gives a rebuild up, with all that it has built.
    async fn discard(&self, projection: &str) -> Result<(), RebuildRefusal>;
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRebuild {
    /// Which read model, by its name.
    pub projection: String,
    /// In which version; `None`: the one that the program writes.
    pub version: Option<i32>,
    /// In how many parts; `None`: as many as seem good.
    pub shards: Option<u32>,
    /// Who asks.
    pub requested_by: String,
}

/// How far a rebuild is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RebuildView {
    /// Of which read model.
    #[schema(example = "orders")]
    pub projection: &'static str,
    /// The version of its rows.
    #[schema(example = 1)]
    pub version: i32,
    /// `building`; `waiting` for somebody to work on it; `stopped`; `switched`: the new rows are live, and what they replaced
    /// is still there; `done`; `discarded`.
    #[schema(example = "building")]
    pub state: &'static str,
    /// In how many parts the log is read.
    #[schema(example = 2)]
    pub shards: u32,
    /// Up to which event everything is in.
    #[schema(example = 51_200)]
    pub position: i64,
    /// The log's end; for rows that are live, where they were switched.
    #[schema(example = 1_000_000)]
    pub head: i64,
    /// How many events a second come in; none when nobody works on it.
    #[schema(example = 25_000.0)]
    pub events_per_second: Option<f64>,
    /// How many seconds it will take at that rate.
    #[schema(example = 37.9)]
    pub seconds_left: Option<f64>,
    /// Who has asked for it.
    #[schema(example = "admin:usr_01h455vb4pex5vsknk084sn02q")]
    pub requested_by: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When the new rows became live.
    pub switched_at: Option<DateTime<Utc>>,
    /// When what they replaced is dropped, if it still is to be.
    pub drop_after: Option<DateTime<Utc>>,
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildRefusal {
    /// There is no such read model; says which there are.
    #[error("{0}")]
    UnknownProjection(String),
    /// There is no such version; says which there is.
    #[error("{0}")]
    UnknownVersion(String),
    /// In so many parts it cannot be built.
    #[error("{0}")]
    Shards(String),
    /// It is being built anew already.
    #[error("{0}")]
    Running(String),
    /// It is not being built anew, or cannot be stopped.
    #[error("{0}")]
    NotRunning(String),
    /// The database cannot be reached.
    #[error("{0}")]
    Unavailable(String),
}
