//! The databases that this process works on: those that are configured, or a private PostgreSQL under the data folder.

use std::{
    fs,
    time::{Duration, Instant},
};

use agrodeep_event_store::postgres::{
    WRITE_MIGRATIONS,
    embedded::{self, EmbeddedError, EmbeddedPostgres, EmbeddedSettings},
};
use agrodeep_projections::database as read_side;
use anyhow::{Context, Result, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::{
    data_dir::{DataDir, Ownership},
    settings::Settings,
};

/// The database of the private server.
const NAME: &str = "agrodeep";

/// How long a command waits for the private server of a process that is just starting.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the private server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Where the log and the read models are.
pub struct Databases {
    /// The log, and what stands beside it.
    pub write_url: SecretString,
    /// The read models, for queries.
    pub read_url: SecretString,
    private: Option<EmbeddedPostgres>,
    /// Kept for as long as the private server runs.
    _ownership: Option<Ownership>,
}

impl Databases {
    /// For a process that owns the data folder: the configured databases, or a private server that it starts.
    ///
    /// # Errors
    /// When the private server does not start.
    pub async fn own(settings: &Settings, data_dir: &DataDir, ownership: Ownership) -> Result<Self> {
        match &settings.database_url {
            Some(_) => Ok(Self { _ownership: Some(ownership), ..Self::configured(settings, "")? }),
            None => Self::start(settings, data_dir, ownership).await,
        }
    }

    /// For a part that runs as a process of its own.
    ///
    /// # Errors
    /// When no database is configured: `part` cannot know of another process' private server.
    pub fn configured(settings: &Settings, part: &str) -> Result<Self> {
        let Some(write_url) = settings.database_url.clone() else {
            bail!(
                "{part} needs a database: set DATABASE_URL, such as postgres://user:password@host/database (only `agrodeep up` starts a private one)"
            );
        };
        let read_url = settings.database_read_url.clone().unwrap_or_else(|| write_url.clone());
        Ok(Self { write_url, read_url, private: None, _ownership: None })
    }

    /// For a command that works beside others or alone: the configured databases, or else the private server of the data
    /// folder, which is started when it is not running.
    ///
    /// # Errors
    /// When there is no server to be had.
    pub async fn beside_others(settings: &Settings, data_dir: &DataDir) -> Result<Self> {
        if settings.database_url.is_some() {
            return Self::configured(settings, "");
        }
        let since = Instant::now();
        loop {
            if let Some(ownership) = data_dir.try_own()? {
                return Self::start(settings, data_dir, ownership).await;
            }
            if let Some(url) = embedded::running_url(data_dir.path(), NAME) {
                let url = SecretString::from(url);
                let read_url = settings.database_read_url.clone().unwrap_or_else(|| url.clone());
                return Ok(Self { write_url: url, read_url, private: None, _ownership: None });
            }
            ensure!(
                since.elapsed() < PATIENCE,
                "the process that owns the data folder has no PostgreSQL running"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn start(settings: &Settings, data_dir: &DataDir, ownership: Ownership) -> Result<Self> {
        if let Some(folder) = &settings.postgres_bin_dir {
            ensure!(
                folder.join("postgres").is_file() && folder.join("initdb").is_file(),
                "postgres_bin_dir: there are no programs postgres and initdb in {}",
                folder.display()
            );
        }
        let private = EmbeddedSettings {
            binaries_dir: settings.postgres_bin_dir.clone(),
            database: NAME.to_owned(),
            ..EmbeddedSettings::new(data_dir.path())
        };
        let server = start_patiently(private).await?;
        create_database(&server.url_of("postgres"))
            .await
            .context("the private database cannot be created")?;
        let write_url = SecretString::from(server.url());
        let read_url = settings.database_read_url.clone().unwrap_or_else(|| write_url.clone());
        Ok(Self { write_url, read_url, private: Some(server), _ownership: Some(ownership) })
    }

    /// Whether the server is this process' own: with it, nobody else can have been at work since.
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// The process of the private server, if there is one, for [`watch`].
    pub fn server_pid(&self) -> Option<u32> {
        self.private.as_ref().and_then(EmbeddedPostgres::pid)
    }

    /// Brings the tables of both sides up to date.
    ///
    /// # Errors
    /// When a migration fails, or was changed after it had run.
    pub async fn migrate(&self) -> Result<()> {
        let mut connection = self.connect().await?;
        WRITE_MIGRATIONS
            .run(&mut connection)
            .await
            .context("the tables of the write side cannot be migrated")?;
        connection.close().await?;
        read_side::migrate(self.write_url.expose_secret()).await?;
        Ok(())
    }

    /// Checks that somebody has brought the tables up to date.
    ///
    /// # Errors
    /// When nobody has.
    pub async fn ensure_migrated(&self) -> Result<()> {
        let mut connection = self.connect().await?;
        let known = WRITE_MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        let there: bool = sqlx::query_scalar(
            "select to_regclass('public._sqlx_migrations') is not null and to_regnamespace($1) is not null",
        )
        .bind(read_side::SCHEMA)
        .fetch_one(&mut connection)
        .await?;
        let done: Option<i64> = if there {
            sqlx::query_scalar("select max(version) from public._sqlx_migrations where success")
                .fetch_one(&mut connection)
                .await?
        } else {
            None
        };
        connection.close().await?;
        ensure!(
            done >= Some(known),
            "the database's tables are not up to date: run `agrodeep migrate` first"
        );
        Ok(())
    }

    /// The positions that a query gives.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn positions(&self, query: &str) -> Result<Vec<i64>> {
        let mut connection = self.connect().await?;
        let positions = sqlx::query_scalar(query).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok(positions)
    }

    async fn connect(&self) -> Result<PgConnection> {
        PgConnection::connect(self.write_url.expose_secret()).await.context("the database cannot be reached")
    }

    /// Ends the private server, if there is one.
    pub async fn stop(self) {
        let Self { private, _ownership: ownership, .. } = self;
        if let Some(mut server) = private {
            let stopped = tokio::task::spawn_blocking(move || server.stop()).await;
            if let Err(error) = stopped {
                tracing::error!(%error, "PostgreSQL was not stopped cleanly");
            }
        }
        // Only now may somebody else start a server on the same folder.
        drop(ownership);
    }
}

/// Watches the private server; without one, there is nothing to watch. Ends only when the server does, or when told to.
///
/// # Errors
/// When the server has ended.
pub async fn watch(server_pid: Option<u32>, stop: CancellationToken) -> Result<()> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Some(pid) = server_pid
            && !is_alive(pid)
        {
            bail!("PostgreSQL has ended by itself: postgres.log in the data folder may say why");
        }
    }
}

/// A server that was killed moments ago may still be in the table of processes: its lock file holds until it is gone.
async fn start_patiently(private: EmbeddedSettings) -> Result<EmbeddedPostgres> {
    let since = Instant::now();
    loop {
        let settings = private.clone();
        match tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&settings)).await? {
            Err(EmbeddedError::NotStarted { tail, .. })
                if tail.contains("\"postmaster.pid\" already exists") && since.elapsed() < PATIENCE =>
            {
                tracing::info!("waiting for the last PostgreSQL of this data folder to go");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            started => return Ok(started?),
        }
    }
}

/// Whether a process runs: one that has ended, but was not yet asked for, does not.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

async fn create_database(admin_url: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(admin_url).await?;
    let there: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
        .bind(NAME)
        .fetch_optional(&mut connection)
        .await?;
    if there.is_none() {
        sqlx::query(&format!("create database {NAME}")).execute(&mut connection).await?;
    }
    connection.close().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_that_has_ended_is_not_alive_even_before_it_was_waited_for() {
        assert!(is_alive(std::process::id()));
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(is_alive(child.id()));
        drop(child.stdin.take());
        let since = Instant::now();
        while is_alive(child.id()) {
            assert!(since.elapsed() < Duration::from_secs(10), "an ended process counts as alive");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }
}
