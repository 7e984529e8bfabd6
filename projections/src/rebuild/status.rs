//! How far rebuilds are.

use agrodeep_event_store::Position;
use chrono::{DateTime, Utc};
use sqlx::{PgPool, Row as _};

use super::{
    RebuildError, Rebuilds,
    generation::building_schema,
    rows::{self, BUILDING, Row, STOPPED, SWITCHED},
};
use crate::{Model, ReadError, ReadModels};

/// How many are told of.
const TOLD_MAX: i64 = 50;

/// Marks, in the database, who works on a rebuild; the second key is the model's.
pub(super) const LOCK: i32 = 0x6167_7262;

/// What becomes of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebuildState {
    /// Somebody works on it.
    Building,
    /// It waits for somebody to work on it.
    Waiting,
    /// It rests, and can be gone on with.
    Stopped,
    /// The new rows are live; what they replaced is still there.
    Switched,
    /// What was replaced is gone.
    Done,
    /// It was given up.
    Discarded,
}

impl RebuildState {
    /// As it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::Switched => "switched",
            Self::Done => "done",
            Self::Discarded => "discarded",
        }
    }

    /// Whether something is yet to be done before the new rows are live.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Building | Self::Waiting | Self::Stopped)
    }
}

/// How far a rebuild is.
#[derive(Clone, Debug, PartialEq)]
pub struct RebuildStatus {
    /// Of which read model.
    pub model: Model,
    /// The number of the rows that it makes.
    pub generation: i64,
    /// Their version.
    pub version: i32,
    /// What becomes of it.
    pub state: RebuildState,
    /// In how many parts the log is read.
    pub shards: u32,
    /// Up to which event everything is in.
    pub position: Position,
    /// The log's end; for one that is switched, where it was switched.
    pub head: Position,
    /// How many events a second came in since work on it last began; `None`: nobody works on it.
    pub events_per_second: Option<f64>,
    /// How many seconds it will take at that rate.
    pub seconds_left: Option<f64>,
    /// Who has asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When the new rows became live.
    pub switched_at: Option<DateTime<Utc>>,
    /// When what they replaced is dropped, if it still is to be.
    pub drop_after: Option<DateTime<Utc>>,
}

impl Rebuilds {
    /// The latest rebuilds, newest first.
    ///
    /// # Errors
    /// When the database or the log cannot be reached.
    pub async fn list(&self) -> Result<Vec<RebuildStatus>, RebuildError> {
        let head = self.log.head().await?;
        list(&self.pool, head).await.map_err(RebuildError::from)
    }
}

impl ReadModels {
    /// The latest rebuilds, newest first.
    pub async fn rebuilds(&self) -> Result<Vec<RebuildStatus>, ReadError> {
        let head = self.log().head().await.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        list(self.pool(), head).await
    }
}

/// The latest rebuilds, newest first.
pub(crate) async fn list(pool: &PgPool, head: Position) -> Result<Vec<RebuildStatus>, ReadError> {
    let mut told = Vec::new();
    for row in rows::recent(pool, TOLD_MAX).await? {
        told.push(status(pool, row, head).await?);
    }
    Ok(told)
}

async fn status(pool: &PgPool, row: Row, head: Position) -> Result<RebuildStatus, ReadError> {
    let model: Model = row.projection.parse().map_err(|error| ReadError::Damaged(format!("{error}")))?;
    let state = match row.state.as_str() {
        BUILDING if is_worked_on(pool, model).await? => RebuildState::Building,
        BUILDING => RebuildState::Waiting,
        STOPPED => RebuildState::Stopped,
        SWITCHED => RebuildState::Switched,
        rows::DONE => RebuildState::Done,
        _ => RebuildState::Discarded,
    };
    let position = match row.switched_to {
        Some(position) => Position(position),
        None if state.is_under_way() => Position(built(pool, row.generation).await?.unwrap_or(0)),
        None => Position::START,
    };
    let rate = match (state, row.resumed_at, row.resumed_from) {
        (RebuildState::Building, Some(at), Some(from)) => {
            let seconds = (Utc::now() - at).as_seconds_f64().max(0.001);
            Some((position.0 - from).max(0) as f64 / seconds)
        }
        _ => None,
    };
    let head = if row.switched_to.is_some() { position } else { head };
    Ok(RebuildStatus {
        model,
        generation: row.generation,
        version: row.version,
        state,
        shards: u32::try_from(row.shards).unwrap_or_default(),
        position,
        head,
        events_per_second: rate,
        seconds_left: rate.filter(|rate| *rate > 0.0).map(|rate| (head.0 - position.0).max(0) as f64 / rate),
        requested_by: row.requested_by,
        requested_at: row.requested_at,
        switched_at: row.switched_at,
        drop_after: row.drop_after.filter(|_| state == RebuildState::Switched),
    })
}

async fn is_worked_on(pool: &PgPool, model: Model) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from pg_locks where locktype = 'advisory' and granted
             and database = (select oid from pg_database where datname = current_database())
             and classid = $1::int::oid and objid::bigint = hashtext($2)::bigint & 4294967295)",
    )
    .bind(LOCK)
    .bind(model.as_str())
    .fetch_one(pool)
    .await
}

/// How far the slowest part is; `None`: nothing was built yet, or it has just been switched or given up.
pub(super) async fn built(pool: &PgPool, generation: i64) -> Result<Option<i64>, sqlx::Error> {
    let checkpoints = format!("{}.checkpoints", building_schema(generation));
    let row = sqlx::query(&format!("select min(position) position from {checkpoints}")).fetch_one(pool).await;
    match row {
        Ok(row) => row.try_get("position"),
        // Undefined table, undefined schema.
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("42P01" | "3F000")) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
