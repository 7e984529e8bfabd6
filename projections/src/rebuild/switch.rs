//! The moment at which the new rows become the live ones: one transaction.
//!
//! Who reads holds a weak lock on the tables of a statement while it runs. The switch takes the strongest on all of them, and
//! never waits long for one: a statement that has one table and wants another would wait for the switch as the switch waits
//! for it. Statements that come meanwhile wait, and then look their tables up again, prepared or not.

use std::time::Duration;

use agrodeep_event_store::Position;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use super::{
    RebuildError,
    build::Build,
    generation::{building_schema, drop_schema, retired_schema, run},
    rows::{Row, SWITCHED},
};
use crate::{ReadError, checkpoint, database::SCHEMA, projection::Projection, runner::Ended};

/// How far the live rows may be ahead for them to wait while the new ones come level.
const AHEAD_MAX: i64 = 4096;
/// How long the switch waits for those who keep house in the tables, and for the batch that is being stored.
const PATIENCE: &str = "set local lock_timeout = '15s'";
/// How long those who read may have to wait because the switch waits. Well below the time after which the server looks for
/// deadlocks, so that it never finds one, and ends nobody's statement.
const IMPATIENCE: &str = "set local lock_timeout = '100ms'";
/// How often the switch tries while the live rows wait.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// What came of an attempt to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switched {
    /// The new rows are live, with everything up to there.
    To(Position),
    /// Not now: the live rows are too far ahead, or somebody reads for long.
    NotNow,
    /// Not at all: it was stopped or given up, or has to be built otherwise.
    No(Ended),
}

/// The names of all tables in question.
struct Tables {
    live: Vec<String>,
    new: Vec<String>,
}

impl Tables {
    fn lock(&self, mode: &str) -> String {
        let all: Vec<_> = self.live.iter().chain(&self.new).map(String::as_str).collect();
        format!("lock table {} in {mode} mode", all.join(", "))
    }
}

/// Switches, once all parts are as far as the live rows.
pub(super) async fn switch<P: Projection>(
    live: &PgPool,
    rebuild: &Row,
    build: &mut Build<P>,
    built: Position,
    grace: Duration,
    stop: &CancellationToken,
) -> Result<Switched, RebuildError> {
    let mut transaction = live.begin_with("begin; set local synchronous_commit = on").await?;
    let switched = within::<P>(&mut transaction, rebuild, build, built, grace, stop).await;
    // At once, whatever came of it: others wait for its locks.
    if let Ok(Switched::To(_)) = switched {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    switched
}

async fn within<P: Projection>(
    connection: &mut PgConnection,
    rebuild: &Row,
    build: &mut Build<P>,
    built: Position,
    grace: Duration,
    stop: &CancellationToken,
) -> Result<Switched, RebuildError> {
    let tables = tables::<P>(connection, rebuild.generation).await?;
    run(&mut *connection, PATIENCE).await?;
    // Against housekeeping, which would else hold the tables for minutes; readers and writers go on.
    run(&mut *connection, &tables.lock("share update exclusive")).await?;
    let still: Option<i64> = sqlx::query_scalar(
        "select generation from rebuilds where generation = $1 and state = 'building' for update",
    )
    .bind(rebuild.generation)
    .fetch_optional(&mut *connection)
    .await?;
    if still.is_none() {
        return Ok(Switched::No(Ended::Done));
    }
    // From here on the live rows stand still, between two batches.
    sqlx::query("select from checkpoints where projection = $1 for update")
        .bind(P::MODEL.as_str())
        .execute(&mut *connection)
        .await?;
    let at =
        checkpoint::read(&mut *connection, P::MODEL).await?.map_or(Position::START, |found| found.position);
    if at.0 - built.0 > AHEAD_MAX {
        return Ok(Switched::NotNow);
    }
    let to = at.max(built);
    let ended = build.run_until(to, stop).await?;
    if ended != Ended::Done || stop.is_cancelled() {
        return Ok(Switched::No(ended));
    }
    if !lock_all(connection, &tables).await? {
        return Ok(Switched::NotNow);
    }
    if !skips_are_known::<P>(connection, rebuild.generation).await? {
        return Ok(Switched::No(Ended::MustPark));
    }
    expect_level(connection, rebuild.generation, to).await?;
    exchange::<P>(connection, rebuild, &tables, to, grace).await?;
    Ok(Switched::To(to))
}

async fn tables<P: Projection>(
    connection: &mut PgConnection,
    generation: i64,
) -> Result<Tables, sqlx::Error> {
    let live: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = $1::text::regnamespace and relkind = 'r' and relname = any ($2) order by relname",
    )
    .bind(SCHEMA)
    .bind(P::TABLES)
    .fetch_all(connection)
    .await?;
    let building = building_schema(generation);
    Ok(Tables {
        live: live.iter().map(|table| format!("{SCHEMA}.{table}")).collect(),
        new: P::TABLES.iter().map(|table| format!("{building}.{table}")).collect(),
    })
}

/// Takes all tables for itself, if nobody holds one for long.
async fn lock_all(connection: &mut PgConnection, tables: &Tables) -> Result<bool, sqlx::Error> {
    run(&mut *connection, IMPATIENCE).await?;
    for _ in 0..TRIES {
        run(&mut *connection, "savepoint unlocked").await?;
        match run(&mut *connection, &tables.lock("access exclusive")).await {
            Ok(()) => return Ok(true),
            // Lock not available.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => {
                run(&mut *connection, "rollback to savepoint unlocked").await?;
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    Ok(false)
}

/// Whether nothing was skipped since the rebuild was begun: what has been folded cannot be left out any more.
async fn skips_are_known<P: Projection>(
    connection: &mut PgConnection,
    generation: i64,
) -> Result<bool, sqlx::Error> {
    let known = format!("{}.parking_decisions", building_schema(generation));
    sqlx::query_scalar(&format!(
        "select not exists (select position from parking_decisions where projection = $1 and skipped_at is not null
                            except select position from {known})"
    ))
    .bind(P::MODEL.as_str())
    .fetch_one(connection)
    .await
}

/// That all parts are where they must be: what is switched cannot be taken back.
async fn expect_level(
    connection: &mut PgConnection,
    generation: i64,
    to: Position,
) -> Result<(), RebuildError> {
    let checkpoints = format!("{}.checkpoints", building_schema(generation));
    let level: bool =
        sqlx::query_scalar(&format!("select count(*) > 0 and bool_and(position = $1) from {checkpoints}"))
            .bind(to.0)
            .fetch_one(connection)
            .await?;
    if level { Ok(()) } else { Err(ReadError::Damaged(format!("not all parts are at {to}")).into()) }
}

async fn exchange<P: Projection>(
    connection: &mut PgConnection,
    rebuild: &Row,
    tables: &Tables,
    to: Position,
    grace: Duration,
) -> Result<(), sqlx::Error> {
    let (building, retired) = (building_schema(rebuild.generation), retired_schema(rebuild.generation));
    run(&mut *connection, &format!("create schema {retired}")).await?;
    for table in &tables.live {
        run(&mut *connection, &format!("alter table {table} set schema {retired}")).await?;
    }
    for table in &tables.new {
        run(&mut *connection, &format!("alter table {table} set schema {SCHEMA}")).await?;
    }
    // Since when it is parked stays as it was.
    sqlx::query(&format!(
        "update {building}.parked_events n set parked_at = p.parked_at from parked_events p
         where p.projection = $1 and n.position = p.position"
    ))
    .bind(P::MODEL.as_str())
    .execute(&mut *connection)
    .await?;
    sqlx::query("delete from parked_events where projection = $1")
        .bind(P::MODEL.as_str())
        .execute(&mut *connection)
        .await?;
    run(&mut *connection, &format!("insert into parked_events select * from {building}.parked_events"))
        .await?;
    sqlx::query(
        "insert into checkpoints (projection, version, position, generation) values ($1, $2, $3, $4)
         on conflict (projection) do update set version = excluded.version, position = excluded.position,
             generation = excluded.generation",
    )
    .bind(P::MODEL.as_str())
    .bind(P::VERSION)
    .bind(to.0)
    .bind(rebuild.generation)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "update rebuilds set state = $2, switched_at = now(), switched_to = $3,
             drop_after = now() + make_interval(secs => $4) where generation = $1",
    )
    .bind(rebuild.generation)
    .bind(SWITCHED)
    .bind(to.0)
    .bind(grace.as_secs_f64())
    .execute(&mut *connection)
    .await?;
    drop_schema(connection, &building).await
}
