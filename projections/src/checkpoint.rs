//! Where a projection is, kept beside its rows.

use agrodeep_event_store::Position;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::Model;

/// What is stored of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub version: i32,
    pub position: Position,
    /// Which rows these are: another number after rows that were built anew have taken their place.
    pub generation: i64,
}

impl Checkpoint {
    /// Before the first event.
    pub const fn start(version: i32) -> Self {
        Self { version, position: Position::START, generation: 0 }
    }
}

/// The checkpoint of that name; where there is none, `first` is it from now on.
pub(crate) async fn read_or_create(
    pool: &PgPool,
    name: &str,
    first: Checkpoint,
) -> Result<Checkpoint, sqlx::Error> {
    sqlx::query(
        "insert into checkpoints (projection, version, position, generation) values ($1, $2, $3, $4)
         on conflict do nothing",
    )
    .bind(name)
    .bind(first.version)
    .bind(first.position.0)
    .bind(first.generation)
    .execute(pool)
    .await?;
    find(pool, name).await?.ok_or(sqlx::Error::RowNotFound)
}

/// A projection's checkpoint, if it has one.
pub(crate) async fn read(
    executor: impl PgExecutor<'_>,
    model: Model,
) -> Result<Option<Checkpoint>, sqlx::Error> {
    find(executor, model.as_str()).await
}

/// The checkpoint of that name, if there is one.
pub(crate) async fn find(
    executor: impl PgExecutor<'_>,
    name: &str,
) -> Result<Option<Checkpoint>, sqlx::Error> {
    let checkpoint: Option<(i32, i64, i64)> =
        sqlx::query_as("select version, position, generation from checkpoints where projection = $1")
            .bind(name)
            .fetch_optional(executor)
            .await?;
    Ok(checkpoint.map(|(version, position, generation)| Checkpoint {
        version,
        position: Position(position),
        generation,
    }))
}

/// Moves a checkpoint, if it is what the caller believes it to be. `false`: somebody else has moved it.
///
/// First statement of the transaction: of two instances the second waits here, and then finds that it was second. So does
/// an instance whose rows were replaced.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    name: &str,
    from: Checkpoint,
    to: Position,
) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query(
        "update checkpoints set position = $5
         where projection = $1 and version = $2 and generation = $3 and position = $4",
    )
    .bind(name)
    .bind(from.version)
    .bind(from.generation)
    .bind(from.position.0)
    .bind(to.0)
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}
