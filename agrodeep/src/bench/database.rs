//! Where benchmarks run: by default a private PostgreSQL of their own with the settings of the embedded default.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use agrodeep_event_store::postgres::{
    WRITE_MIGRATIONS,
    embedded::{EmbeddedPostgres, EmbeddedSettings},
};
use anyhow::{Context, ensure};
use clap::Args;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// A connection a writer, for those of whom every writer has one; and some besides.
const CONNECTIONS_MAX: u32 = 400;

/// Where to measure
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// An empty database to measure on; what is written stays there [default: a private PostgreSQL, as `up` has, removed
    /// afterwards]
    #[arg(long, value_name = "URL", conflicts_with = "folder")]
    pub database_url: Option<String>,
    #[command(flatten)]
    pub private: PrivatePlace,
}

/// Where to measure, on a server of one's own
#[derive(Args, Clone, Debug, Default)]
pub struct PrivatePlace {
    /// Where the private PostgreSQL has its data for a while [default: the folder for temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl PrivatePlace {
    /// Where the private PostgreSQL has its data.
    pub fn base(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(std::env::temp_dir)
    }
}

/// Segments of the write-ahead log, of 16 MiB, that a private server has before anything is measured: as many as it writes from
/// one checkpoint to the next. A new server would fill each with zeros when it comes to it, and stall everybody meanwhile; one
/// that has run for a while uses old ones again.
const SEGMENTS: usize = 128;

/// A server to measure on. A private one is gone, with all that it held, when this is dropped.
pub struct BenchServer {
    given: Option<String>,
    /// Dropped before the folder, which holds its data.
    private: Option<EmbeddedPostgres>,
    folder: Option<Folder>,
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl BenchServer {
    /// The server of the given database, or a private one.
    pub async fn at(place: &Place) -> anyhow::Result<Self> {
        match &place.database_url {
            Some(url) => Ok(Self { given: Some(url.clone()), private: None, folder: None }),
            None => Self::private(&place.private).await,
        }
    }

    /// A private server, as it is when it has run for a while.
    pub async fn private(place: &PrivatePlace) -> anyhow::Result<Self> {
        let server = Self::fresh(place)?;
        server.write_through(SEGMENTS).await.context("preparing the write-ahead log")?;
        Ok(server)
    }

    /// A private server that has just been made, for where time does not matter.
    pub fn fresh(place: &PrivatePlace) -> anyhow::Result<Self> {
        let base = place.base();
        ensure!(base.is_dir(), "there is no folder {}", base.display());
        let folder = Folder(base.join(format!("agrodeep-bench-{}", std::process::id())));
        let settings = EmbeddedSettings {
            options: vec![format!("max_connections={CONNECTIONS_MAX}")],
            ..EmbeddedSettings::new(&folder.0)
        };
        // In place, so that nobody can turn away while a server is being started that would then belong to no one.
        let server = tokio::task::block_in_place(|| EmbeddedPostgres::start(&settings))?;
        Ok(Self { given: None, private: Some(server), folder: Some(folder) })
    }

    /// Goes through this many segments of the write-ahead log, and leaves them for new use.
    async fn write_through(&self, segments: usize) -> anyhow::Result<()> {
        let Some(server) = &self.private else { return Ok(()) };
        let mut admin = PgConnection::connect(&server.url_of("postgres")).await?;
        for _ in 0..segments {
            // A segment that nothing was written into is not left.
            sqlx::query("select pg_logical_emit_message(false, 'agrodeep', '')").execute(&mut admin).await?;
            sqlx::query("select pg_switch_wal()").execute(&mut admin).await?;
        }
        sqlx::query("checkpoint").execute(&mut admin).await?;
        admin.close().await?;
        Ok(())
    }

    /// Where a private one has its data.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(|folder| folder.0.as_path())
    }

    /// A database with an empty log: a new one of this name on a private server, or the one that was given.
    pub async fn database(&self, name: &str) -> anyhow::Result<BenchDatabase> {
        let url = match (&self.given, &self.private) {
            (Some(url), _) => url.clone(),
            (None, Some(server)) => {
                let mut admin = PgConnection::connect(&server.url_of("postgres")).await?;
                sqlx::query(&format!("drop database if exists {name} with (force)"))
                    .execute(&mut admin)
                    .await?;
                sqlx::query(&format!("create database {name}")).execute(&mut admin).await?;
                admin.close().await?;
                server.url_of(name)
            }
            (None, None) => anyhow::bail!("there is no server"),
        };
        BenchDatabase::prepare(url).await
    }

    /// Takes a database of a private server away again.
    pub async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        if let Some(server) = &self.private {
            let mut admin = PgConnection::connect(&server.url_of("postgres")).await?;
            sqlx::query(&format!("drop database if exists {name} with (force)")).execute(&mut admin).await?;
            admin.close().await?;
        }
        Ok(())
    }
}

/// A database with the tables of the write side, and durable commits.
pub struct BenchDatabase {
    pub url: String,
    /// One line on the server.
    pub server: String,
}

impl BenchDatabase {
    async fn prepare(url: String) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(&url).context("the address of the database")?;
        let mut connection =
            PgConnection::connect_with(&options).await.context("the database cannot be reached")?;
        WRITE_MIGRATIONS.run(&mut connection).await.context("the tables cannot be migrated")?;
        let position: i64 =
            sqlx::query_scalar("select position from log_head").fetch_one(&mut connection).await?;
        ensure!(
            position == 0,
            "the database to measure on must have an empty log; this one has {position} events"
        );
        let (version, fsync, commit): (String, String, String) = sqlx::query_as(
            "select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        ensure!(
            fsync == "on" && commit == "on",
            "measuring means little without fsync (here {fsync}) and synchronous_commit (here {commit})"
        );
        let server = format!("PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}");
        Ok(Self { url, server })
    }
}
