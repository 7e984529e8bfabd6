//! What people have decided about parked aggregates, as it is stored.

use std::collections::HashSet;

use agrodeep_event_store::{Position, StreamId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{PgConnection, PgExecutor, postgres::PgRow, types::Uuid};

use crate::{
    Model, ReadError,
    row::{get, named_opt},
};

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionKind {
    /// Apply what is parked, reading it from the log anew.
    Retry,
    /// Leave the event out that could not be applied, for good; then apply what waits behind it.
    Skip {
        /// The event.
        position: Position,
        /// Why a person thinks that it can be left out.
        reason: String,
    },
}

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing of the aggregate is parked any more.
    Released,
    /// An event of it still cannot be applied, maybe a later one.
    StillParked,
    /// It was not parked (any more), or another event was in the way than the one to be skipped: nothing was done.
    NotParked,
}

impl Outcome {
    /// The name, as it is stored and told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::StillParked => "still_parked",
            Self::NotParked => "not_parked",
        }
    }
}

/// A decision of a person, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Later ones have larger ids.
    pub id: i64,
    /// About what is parked where.
    pub projection: String,
    /// Which aggregate.
    pub stream: StreamId,
    /// What was decided.
    pub kind: DecisionKind,
    /// skip: the event's type.
    pub event_type: Option<String>,
    /// skip: what was wrong with it.
    pub error_class: Option<String>,
    /// By whom.
    pub decided_by: String,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// Whether the event has been left out.
    pub(crate) is_skipped: bool,
    /// How many events have been applied in consequence.
    pub applied: u64,
    /// What came of it; `None`: it has not been carried out yet.
    pub outcome: Option<Outcome>,
}

pub(crate) fn read(row: &PgRow) -> Result<Decision, ReadError> {
    let kind = match get::<Option<i64>>(row, "position")? {
        None => DecisionKind::Retry,
        Some(position) => DecisionKind::Skip {
            position: Position(position),
            reason: get::<Option<String>>(row, "reason")?.unwrap_or_default(),
        },
    };
    Ok(Decision {
        id: get(row, "decision_id")?,
        projection: get(row, "projection")?,
        stream: StreamId::new(get::<&str>(row, "aggregate_type")?, get::<Uuid>(row, "aggregate_id")?),
        kind,
        event_type: get(row, "event_type")?,
        error_class: get(row, "error_class")?,
        decided_by: get(row, "decided_by")?,
        decided_at: get(row, "decided_at")?,
        is_skipped: get::<Option<DateTime<Utc>>>(row, "skipped_at")?.is_some(),
        applied: get::<i64>(row, "applied")?.unsigned_abs(),
        outcome: named_opt(row, "outcome")?,
    })
}

/// The oldest decision about a projection that has not been carried out.
pub(crate) async fn next_pending(
    executor: impl PgExecutor<'_>,
    model: Model,
) -> Result<Option<Decision>, ReadError> {
    let row = sqlx::query(
        "select * from parking_decisions where projection = $1 and outcome is null order by decision_id limit 1",
    )
    .bind(model.as_str())
    .fetch_optional(executor)
    .await?;
    row.as_ref().map(read).transpose()
}

/// A decision as it is now; locked, so that nobody else carries it out at the same time.
pub(crate) async fn lock(connection: &mut PgConnection, id: i64) -> Result<Option<Decision>, ReadError> {
    let row = sqlx::query("select * from parking_decisions where decision_id = $1 for update")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

pub(crate) async fn note_skipped(connection: &mut PgConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("update parking_decisions set skipped_at = now() where decision_id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes how far a decision has been carried out.
pub(crate) async fn note(
    connection: &mut PgConnection,
    id: i64,
    applied: usize,
    outcome: Option<Outcome>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update parking_decisions set applied = applied + $2, outcome = $3,
             done_at = case when $3 is null then null else now() end
         where decision_id = $1",
    )
    .bind(id)
    .bind(applied as i64)
    .bind(outcome.map(Outcome::as_str))
    .execute(connection)
    .await?;
    Ok(())
}

/// The events that people have decided to leave out of a projection.
pub(crate) async fn skipped(
    executor: impl PgExecutor<'_>,
    model: Model,
) -> Result<HashSet<Position>, sqlx::Error> {
    let positions: Vec<i64> = sqlx::query_scalar(
        "select position from parking_decisions where projection = $1 and skipped_at is not null",
    )
    .bind(model.as_str())
    .fetch_all(executor)
    .await?;
    Ok(positions.into_iter().map(Position).collect())
}

/// The events of aggregates of one type that people have decided to leave out of a projection: where each stands, and whose it is.
pub(crate) async fn skipped_of(
    executor: impl PgExecutor<'_>,
    model: Model,
    aggregate_type: &str,
) -> Result<Vec<(Position, Uuid)>, sqlx::Error> {
    let rows: Vec<(i64, Uuid)> = sqlx::query_as(
        "select position, aggregate_id from parking_decisions
         where projection = $1 and aggregate_type = $2 and skipped_at is not null",
    )
    .bind(model.as_str())
    .bind(aggregate_type)
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|(position, id)| (Position(position), id)).collect())
}
