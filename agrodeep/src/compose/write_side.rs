//! The log, and everything that appends to it.

use std::{str::FromStr, time::Duration};

use agrodeep_commands::{
    CommandSettings, Commands, Executor, executor::ExecutorSettings, payments::simulated::SimulatedGateway,
};
use agrodeep_event_store::SharedLog;
use agrodeep_write_api::accounts::{AccountSettings, Accounts};
use anyhow::{Context, Result};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    configured_log,
    payments::{Provider, payment_provider},
};
use crate::{
    database::Databases,
    settings::{SagaRetries, Settings},
};

/// The log, and everything that appends to it.
pub struct WriteSide {
    /// The log.
    pub log: SharedLog,
    /// The tables beside the log.
    pub pool: PgPool,
    /// What can be asked of the market.
    pub commands: Commands,
    /// Who may come in.
    pub accounts: Accounts,
    /// The payment provider of our own, unless payments go through Stripe.
    pub simulator: Option<SimulatedGateway>,
    /// How often the steps of fulfilments are tried again.
    pub saga_retries: SagaRetries,
}

impl WriteSide {
    /// Opens what is in the database, which must have been migrated.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn open(settings: &Settings, databases: &Databases) -> Result<Self> {
        let log = configured_log(settings, databases).await?;
        let pool = pool(&databases.write_url, settings.database_connections)?;
        let Provider { gateway, simulator } = payment_provider(&settings.payments, &pool)?;
        let hold = TimeDelta::from_std(settings.hold)?;
        let snapshot_every_events = settings.snapshot_every_events;
        let executor = Executor::with_settings(
            log.clone(),
            ExecutorSettings { snapshot_every_events, ..ExecutorSettings::default() },
        );
        let commands = Commands::new(executor, &pool, gateway).with_settings(CommandSettings {
            hold,
            hold_limit: settings.payments.hold_limit,
            ..CommandSettings::default()
        });
        let accounts = Accounts::open(pool.clone(), AccountSettings::default())
            .await
            .context("the accounts cannot be opened")?;
        Ok(Self { log, pool, commands, accounts, simulator, saga_retries: settings.saga_retries.clone() })
    }
}

/// Connections to the tables of the write side, made when they are needed.
///
/// # Errors
/// When the address cannot be used.
pub fn pool(url: &SecretString, connections_max: u32) -> Result<PgPool> {
    // A client that was cancelled inside a transaction must not keep its locks.
    let options = PgConnectOptions::from_str(url.expose_secret())
        .context("the address of the database cannot be used")?
        .application_name("agrodeep")
        .options([("idle_in_transaction_session_timeout", "60s")]);
    Ok(PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(10))
        // A ping before each use would cost a third of the throughput; a broken connection shows itself soon enough.
        .test_before_acquire(false)
        .connect_lazy_with(options))
}
