//! What is stored of rebuilds.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor, PgPool};

use crate::{Model, projection::Projection};

/// A rebuild, as it is stored.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Row {
    pub generation: i64,
    pub projection: String,
    pub version: i32,
    pub state: String,
    pub shards: i32,
    pub requested_by: String,
    pub requested_at: DateTime<Utc>,
    pub resumed_at: Option<DateTime<Utc>>,
    pub resumed_from: Option<i64>,
    pub switched_at: Option<DateTime<Utc>>,
    pub switched_to: Option<i64>,
    pub drop_after: Option<DateTime<Utc>>,
}

pub(super) const BUILDING: &str = "building";
pub(super) const STOPPED: &str = "stopped";
pub(super) const SWITCHED: &str = "switched";
pub(super) const DONE: &str = "done";
pub(super) const DISCARDED: &str = "discarded";

/// The rebuild of a model that has neither been finished nor given up.
pub(super) async fn in_the_making(
    executor: impl PgExecutor<'_>,
    model: Model,
) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as("select * from rebuilds where projection = $1 and state in ('building', 'stopped')")
        .bind(model.as_str())
        .fetch_optional(executor)
        .await
}

/// Those of all models, and what was asked for lately, newest first.
pub(super) async fn recent(executor: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as("select * from rebuilds order by generation desc limit $1")
        .bind(limit)
        .fetch_all(executor)
        .await
}

/// Asks for one. `false`: there is one already.
pub(super) async fn insert(
    executor: impl PgExecutor<'_>,
    model: Model,
    version: i32,
    shards: u32,
    requested_by: &str,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "insert into rebuilds (projection, version, state, shards, requested_by) values ($1, $2, 'building', $3, $4)
         on conflict do nothing",
    )
    .bind(model.as_str())
    .bind(version)
    .bind(i32::try_from(shards).unwrap_or(i32::MAX))
    .bind(requested_by)
    .execute(executor)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Takes a rebuild from one state to another. `false`: it was not in that state.
pub(super) async fn turn(
    executor: impl PgExecutor<'_>,
    generation: i64,
    from: &str,
    to: &str,
) -> Result<bool, sqlx::Error> {
    let turned = sqlx::query("update rebuilds set state = $3 where generation = $1 and state = $2")
        .bind(generation)
        .bind(from)
        .bind(to)
        .execute(executor)
        .await?;
    Ok(turned.rows_affected() == 1)
}

/// Asks for rows of the version that this program writes, unless somebody has.
pub(crate) async fn request_newer<P: Projection>(pool: &PgPool) -> Result<(), sqlx::Error> {
    let by = format!("system:version {}", P::VERSION);
    if insert(pool, P::MODEL, P::VERSION, super::control::shards_here(), &by).await? {
        tracing::info!(projection = %P::MODEL, version = P::VERSION, "rows of a newer version are built beside the live ones");
    }
    Ok(())
}
