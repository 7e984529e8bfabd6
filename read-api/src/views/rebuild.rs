//! Rebuilds of read models as an operator sees them.

use agrodeep_projections::rebuild::RebuildStatus;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// The latest rebuilds.
#[derive(Serialize, ToSchema)]
pub struct RebuildList {
    /// Newest first.
    pub data: Vec<RebuildItem>,
}

/// How far a rebuild is.
#[derive(Serialize, ToSchema)]
pub struct RebuildItem {
    /// Of which read model.
    #[schema(example = "orders")]
    projection: &'static str,
    /// The version of its rows.
    #[schema(example = 1)]
    version: i32,
    /// `building`; `waiting` for somebody to work on it; `stopped`; `switched`: the new rows are live, and what they replaced
    /// is still there; `done`; `discarded`.
    #[schema(example = "building")]
    state: &'static str,
    /// In how many parts the log is read.
    #[schema(example = 2)]
    shards: u32,
    /// Up to which event everything is in.
    #[schema(example = 51_200)]
    position: i64,
    /// The log's end; for rows that are live, where they were switched.
    #[schema(example = 1_000_000)]
    head: i64,
    /// How many events a second come in; none when nobody works on it.
    #[schema(example = 25_000.0)]
    events_per_second: Option<f64>,
    /// How many seconds it will take at that rate.
    #[schema(example = 37.9)]
    seconds_left: Option<f64>,
    /// Who has asked for it.
    #[schema(example = "admin:usr_01h455vb4pex5vsknk084sn02q")]
    requested_by: String,
    /// When.
    requested_at: DateTime<Utc>,
    /// When the new rows became live.
    switched_at: Option<DateTime<Utc>>,
    /// When what they replaced is dropped, if it still is to be.
    drop_after: Option<DateTime<Utc>>,
}

impl RebuildItem {
    /// A rebuild as it is told.
    pub fn of(status: &RebuildStatus) -> Self {
        Self {
            projection: status.model.as_str(),
            version: status.version,
            state: status.state.as_str(),
            shards: status.shards,
            position: status.position.0,
            head: status.head.0,
            events_per_second: status.events_per_second,
            seconds_left: status.seconds_left,
            requested_by: status.requested_by.clone(),
            requested_at: status.requested_at,
            switched_at: status.switched_at,
            drop_after: status.drop_after,
        }
    }
}
