//! The tables of the log alone, for who uses nothing else of AgroDeep.

use std::borrow::Cow;

use sqlx::{Connection, PgConnection, migrate::Migrator};

use super::WRITE_MIGRATIONS;
use crate::LogError;

/// The migrations that are the log's; the others belong to what stands beside it.
const OF_THE_LOG: [i64; 3] = [1, 40, 80];

/// Makes the tables of the log in the database at `url`, or brings them up to date. Done again, it does nothing.
///
/// # Errors
/// [`LogError::Unavailable`] when the database cannot be reached, [`LogError::Invalid`] when the tables cannot be
/// made, or a table of another application has their name.
pub async fn migrate(url: &str) -> Result<(), LogError> {
    let mut connection =
        PgConnection::connect(url).await.map_err(|error| LogError::Unavailable(error.to_string()))?;
    let foreign: bool =
        sqlx::query_scalar("select to_regclass('events') is not null and to_regclass('log_head') is null")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
    if foreign {
        return Err(LogError::Invalid(
            "this database has a table `events` that is no log: take another database".to_owned(),
        ));
    }
    let log = WRITE_MIGRATIONS.iter().filter(|migration| OF_THE_LOG.contains(&migration.version)).cloned();
    let migrator =
        Migrator { migrations: Cow::Owned(log.collect()), ignore_missing: true, ..Migrator::DEFAULT };
    let done = migrator.run(&mut connection).await;
    let _ = connection.close().await;
    done.map_err(|error| LogError::Invalid(format!("the log's tables cannot be made: {error}")))
}

/// Whether the database at `url` has a log.
///
/// # Errors
/// [`LogError::Unavailable`] when it cannot be reached.
pub async fn has_log(url: &str) -> Result<bool, LogError> {
    let unavailable = |error: sqlx::Error| LogError::Unavailable(error.to_string());
    let mut connection = PgConnection::connect(url).await.map_err(unavailable)?;
    let has: bool = sqlx::query_scalar("select to_regclass('log_head') is not null")
        .fetch_one(&mut connection)
        .await
        .map_err(unavailable)?;
    let _ = connection.close().await;
    Ok(has)
}
