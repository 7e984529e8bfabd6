//! The log: the only place that knows which store an address names.

use std::sync::Arc;

use agrodeep_event_store::{
    LogError, Position, SharedLog,
    kurrentdb::{KurrentLog, KurrentSettings},
    postgres::{LogLimits, PostgresLog},
};
use agrodeep_projections::database::SCHEMA;
use anyhow::{Context, Result, bail};
use secrecy::ExposeSecret;

use crate::{database::Databases, settings::Settings};

/// The log at an address: `postgres://…`, or one of KurrentDB's (`kurrentdb://…`, `kurrentdb+discover://…`, `esdb://…`).
///
/// # Errors
/// When nobody answers there, or the address is none. A password in it is not repeated.
pub async fn open_log(url: &str) -> Result<SharedLog> {
    let log: Result<SharedLog, LogError> =
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            PostgresLog::open(url, LogLimits::default()).await.map(|log| Arc::new(log) as SharedLog)
        } else {
            KurrentLog::open(url, KurrentSettings::default()).await.map(|log| Arc::new(log) as SharedLog)
        };
    log.context("the log cannot be opened")
}

/// The log that is configured: `event_store_url`, or else the database itself.
///
/// # Errors
/// As [`open_log`]; and when what the database knows of the log's positions is of another log.
pub async fn configured_log(settings: &Settings, databases: &Databases) -> Result<SharedLog> {
    let Some(url) = &settings.event_store_url else {
        return open_log(databases.write_url.expose_secret()).await;
    };
    let log = open_log(url.expose_secret()).await?;
    ensure_same_log(&log, databases).await?;
    Ok(log)
}

/// Read models and process managers remember positions. Those of one log mean nothing in another: whoever goes on with
/// them there skips events.
async fn ensure_same_log(log: &SharedLog, databases: &Databases) -> Result<()> {
    let query =
        format!("select position from {SCHEMA}.checkpoints union select checkpoint from process_managers");
    let checkpoints: Vec<i64> = databases.positions(&query).await?;
    let head = log.head().await?;
    for checkpoint in checkpoints.into_iter().map(Position).filter(|checkpoint| *checkpoint > Position::START)
    {
        let known = match log.read(checkpoint, 1).await {
            Ok(_) => checkpoint <= head,
            Err(LogError::Invalid(_)) => false,
            Err(error) => return Err(error.into()),
        };
        if !known {
            bail!(
                "the database has come to position {checkpoint} of another log than the one at event_store_url: \
                 docs/kurrentdb.md says how to move"
            );
        }
    }
    Ok(())
}
