//! `agrodeep log`: the log itself, whatever its events mean.

mod address;
mod copy;
pub(super) mod progress;
mod stats;
mod verify;

use agrodeep_event_store::SharedLog;
use anyhow::Result;
use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};

use crate::{cli::Common, data_dir::DataDir, database::Databases, settings::Settings, telemetry};

/// Copy the log into another store, check that it is whole, count what is in it
#[derive(Debug, Subcommand)]
pub enum Log {
    Copy(copy::Copy),
    Verify(verify::Verify),
    Stats(stats::Stats),
}

impl Log {
    pub async fn run(self, common: &Common) -> Result<()> {
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        match self {
            Self::Copy(copy) => copy.run(&settings).await,
            Self::Verify(verify) => verify.run(&settings).await,
            Self::Stats(stats) => stats.run(&settings).await,
        }
    }
}

/// A log that was asked for, and what must run for as long as it is used.
pub(super) struct OpenLog {
    pub log: SharedLog,
    url: SecretString,
    databases: Option<Databases>,
}

impl OpenLog {
    /// The log at `url`; without one, the configured log.
    pub async fn open(url: Option<SecretString>, settings: &Settings) -> Result<Self> {
        if let Some(url) = url.or_else(|| settings.event_store_url.clone()) {
            let log = address::open_log(&url).await?;
            return Ok(Self { log, url, databases: None });
        }
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(settings, &data_dir).await?;
        let url = databases.write_url.clone();
        let opened = async {
            databases.ensure_migrated().await?;
            address::open_log(&url).await
        };
        match opened.await {
            Ok(log) => Ok(Self { log, url, databases: Some(databases) }),
            Err(error) => {
                databases.stop().await;
                Err(error)
            }
        }
    }

    /// Its address, if it is on Postgres.
    fn postgres_url(&self) -> Option<&str> {
        let url = self.url.expose_secret();
        address::is_postgres(url).then_some(url)
    }

    pub async fn close(self) {
        let Self { log, url: _, databases } = self;
        drop(log);
        if let Some(databases) = databases {
            databases.stop().await;
        }
    }
}
