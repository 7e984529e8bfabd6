//! Where a projection is, kept beside its rows.

use agrodeep_event_store::Position;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::Model;

/// What is stored of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub version: i32,
    pub position: Position,
}

/// A projection's checkpoint; one that has none begins at the log's start.
pub(crate) async fn read_or_create(
    pool: &PgPool,
    model: Model,
    version: i32,
) -> Result<Checkpoint, sqlx::Error> {
    sqlx::query(
        "insert into checkpoints (projection, version, position) values ($1, $2, 0) on conflict do nothing",
    )
    .bind(model.as_str())
    .bind(version)
    .execute(pool)
    .await?;
    read(pool, model).await?.ok_or(sqlx::Error::RowNotFound)
}

/// A projection's checkpoint, if it has one.
pub(crate) async fn read(
    executor: impl PgExecutor<'_>,
    model: Model,
) -> Result<Option<Checkpoint>, sqlx::Error> {
    let checkpoint: Option<(i32, i64)> =
        sqlx::query_as("select version, position from checkpoints where projection = $1")
            .bind(model.as_str())
            .fetch_optional(executor)
            .await?;
    Ok(checkpoint.map(|(version, position)| Checkpoint { version, position: Position(position) }))
}

/// Moves a checkpoint, if it is where the caller believes it to be. `false`: somebody else has moved it.
///
/// First statement of the transaction: of two instances the second waits here, and then finds that it was second.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    model: Model,
    version: i32,
    from: Position,
    to: Position,
) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query(
        "update checkpoints set position = $4 where projection = $1 and version = $2 and position = $3",
    )
    .bind(model.as_str())
    .bind(version)
    .bind(from.0)
    .bind(to.0)
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}
