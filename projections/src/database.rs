//! The database of the read side: its schema, and connections that see it.

use std::str::FromStr;

use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// The schema that the live read models are in.
pub const SCHEMA: &str = "read_models";

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/read");

/// Why the read side's schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database cannot be reached.
    #[error("the database of the read models cannot be reached: {0}")]
    Unavailable(#[from] sqlx::Error),
    /// A migration failed, or one that has run is not the one that is known here.
    #[error("the read models cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// A pool of at most `connections_max` connections that see the live read models.
///
/// # Errors
/// When the address is no database address. Connections are made when they are needed.
pub fn connect_read(url: &str, connections_max: u32) -> Result<PgPool, sqlx::Error> {
    connect_schema(url, SCHEMA, connections_max)
}

/// A pool of connections that see the read models in `schema`.
pub(crate) fn connect_schema(url: &str, schema: &str, connections_max: u32) -> Result<PgPool, sqlx::Error> {
    Ok(pool(PgConnectOptions::from_str(url)?, schema, connections_max))
}

/// A pool of connections to where `options` lead, which see the read models in `schema`.
pub(crate) fn pool(options: PgConnectOptions, schema: &str, connections_max: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections_max)
        // A ping before each use would cost a third of the throughput; a broken connection shows itself soon enough.
        .test_before_acquire(false)
        .connect_lazy_with(seeing(options, schema))
}

fn seeing(options: PgConnectOptions, schema: &str) -> PgConnectOptions {
    options.options([
        ("search_path", schema),
        // Everything here can be had again from the log: what moves a checkpoint only need not wait for the disk.
        ("synchronous_commit", "off"),
        // Compiling a plan takes longer than any of them runs.
        ("jit", "off"),
        // A client that was cancelled inside a transaction must not keep its locks.
        ("idle_in_transaction_session_timeout", "60s"),
    ])
}

/// Brings the live read models' schema up to date, creating it when it is missing.
///
/// # Errors
/// [`MigrateError`].
pub async fn migrate(url: &str) -> Result<(), MigrateError> {
    migrate_schema(PgConnectOptions::from_str(url)?, SCHEMA).await
}

/// Brings `schema` up to date, creating it when it is missing. `schema` is a plain identifier of ours.
pub(crate) async fn migrate_schema(options: PgConnectOptions, schema: &str) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect_with(&seeing(options, schema)).await?;
    sqlx::query(&format!("create schema if not exists {schema}")).execute(&mut connection).await?;
    MIGRATIONS.run_direct(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
