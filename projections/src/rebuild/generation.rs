//! The tables that a rebuild fills, in a schema of their own.

use sqlx::{Connection, PgConnection, PgPool, postgres::PgConnectOptions};

use super::{RebuildError, Shard};
use crate::{
    database::{self, MigrateError},
    projection::Projection,
};

/// What stands in the schema besides the tables of the projection.
const KEPT: [&str; 3] = ["checkpoints", "parked_events", "parking_decisions"];

/// Where the new tables are while they are filled.
pub(super) fn building_schema(generation: i64) -> String {
    format!("{}{generation}", building_schema_prefix())
}

/// Where those are that they have replaced.
pub(super) fn retired_schema(generation: i64) -> String {
    format!("{}_retired_{generation}", database::SCHEMA)
}

/// The rebuilds that have tables which are not live.
pub(super) async fn building_generations(pool: &PgPool) -> Result<Vec<i64>, sqlx::Error> {
    let names: Vec<String> =
        sqlx::query_scalar("select nspname::text from pg_namespace where starts_with(nspname, $1)")
            .bind(building_schema_prefix())
            .fetch_all(pool)
            .await?;
    Ok(names.iter().filter_map(|name| name.rsplit_once('_')?.1.parse().ok()).collect())
}

fn building_schema_prefix() -> String {
    format!("{}_next_", database::SCHEMA)
}

/// Of which version the rows are that the tables of the migrations are for.
pub(crate) fn first_version<P: Projection>() -> i32 {
    P::CHANGES.first().map_or(P::VERSION, |(version, _)| version - 1)
}

/// Gives tables that are still empty the form of the version that is written.
pub(crate) async fn change_form<P: Projection>(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    for (_, statement) in P::CHANGES {
        run(&mut *connection, statement).await?;
    }
    Ok(())
}

/// Makes the tables, unless they are there. The last step makes all that count: who is killed before begins anew.
pub(super) async fn prepare<P: Projection>(
    options: &PgConnectOptions,
    generation: i64,
    shards: u32,
) -> Result<(), RebuildError> {
    let schema = building_schema(generation);
    let mut connection = PgConnection::connect_with(options).await?;
    if !is_prepared(&mut connection, &schema).await? {
        drop_schema(&mut connection, &schema).await?;
        database::migrate_schema(options.clone(), &schema).await?;
        fit::<P>(options, &schema, shards).await.map_err(MigrateError::from)?;
    }
    connection.close().await?;
    Ok(())
}

async fn is_prepared(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    let there: bool = sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(format!("{schema}.checkpoints"))
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(false);
    }
    sqlx::query_scalar(&format!("select exists (select from {schema}.checkpoints)"))
        .fetch_one(connection)
        .await
}

/// Leaves only the tables of this projection, in the form of its version, and checkpoints at the log's start.
async fn fit<P: Projection>(
    options: &PgConnectOptions,
    schema: &str,
    shards: u32,
) -> Result<(), sqlx::Error> {
    let pool = database::pool(options.clone(), schema, 1);
    let mut transaction = pool.begin().await?;
    let others: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = $1::text::regnamespace and relkind = 'r' and relname <> all ($2)",
    )
    .bind(schema)
    .bind([P::TABLES, &KEPT].concat())
    .fetch_all(&mut *transaction)
    .await?;
    for table in others {
        run(&mut transaction, &format!("drop table {table} cascade")).await?;
    }
    change_form::<P>(&mut transaction).await?;
    // What people have decided to leave out is left out here, too.
    sqlx::query(&format!(
        "insert into parking_decisions overriding system value
         select * from {}.parking_decisions where projection = $1 and skipped_at is not null and outcome is not null",
        database::SCHEMA
    ))
    .bind(P::MODEL.as_str())
    .execute(&mut *transaction)
    .await?;
    for shard in Shard::all(shards) {
        sqlx::query("insert into checkpoints (projection, version, position) values ($1, $2, 0)")
            .bind(shard.checkpoint_name(P::MODEL))
            .bind(P::VERSION)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    pool.close().await;
    Ok(())
}

/// Lets the planner know the new tables as well as it knew the old ones.
pub(super) async fn analyse<P: Projection>(building: &PgPool) -> Result<(), sqlx::Error> {
    for table in P::TABLES {
        run(&mut *building.acquire().await?, &format!("analyze {table}")).await?;
    }
    Ok(())
}

pub(super) async fn drop_schema(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    run(connection, &format!("drop schema if exists {schema} cascade")).await
}

/// One statement whose text is ours, and will hardly be run again.
pub(super) async fn run(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).persistent(false).execute(connection).await.map(drop)
}
