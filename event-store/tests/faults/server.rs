//! A private PostgreSQL for one run.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use agrodeep_event_store::postgres::{
    WRITE_MIGRATIONS,
    embedded::{EmbeddedPostgres, EmbeddedSettings},
};
use tokio_postgres::{Client, NoTls};

pub struct Server {
    pub folder: PathBuf,
    settings: EmbeddedSettings,
    postgres: Option<EmbeddedPostgres>,
}

impl Server {
    /// Starts a server of its own for the run `name`. Its database holds nothing yet.
    pub fn start(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join("agrodeep-tests").join(std::process::id().to_string()).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = EmbeddedSettings {
            // Before it recovers, a server brings all its files to the disk: one call for all of them saves seconds.
            options: ["max_connections=60", "shared_buffers=64MB", "recovery_init_sync_method=syncfs"]
                .map(str::to_owned)
                .into(),
            ..EmbeddedSettings::new(&folder)
        };
        let postgres = Some(EmbeddedPostgres::start(&settings).expect("a private PostgreSQL"));
        Self { folder, settings, postgres }
    }

    /// Starts a server with the log's tables in the database `postgres`.
    pub async fn with_log(name: &str) -> Self {
        let server = Self::start(name);
        server.migrate("postgres").await;
        server
    }

    pub async fn migrate(&self, database: &str) {
        let pool = sqlx::PgPool::connect(&self.url_of(database)).await.unwrap();
        WRITE_MIGRATIONS.run(&pool).await.unwrap();
        pool.close().await;
    }

    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub fn url_of(&self, database: &str) -> String {
        self.postgres.as_ref().unwrap().url_of(database)
    }

    /// The server's data folder.
    pub fn cluster(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// Where the server listens.
    pub fn socket(&self) -> PathBuf {
        let config: tokio_postgres::Config = self.url().parse().unwrap();
        let tokio_postgres::config::Host::Unix(folder) = &config.get_hosts()[0] else {
            panic!("the private server listens on a Unix socket only")
        };
        folder.join(".s.PGSQL.5432")
    }

    /// Ends the server as a crash would (`pg_ctl -m immediate`), and starts it again: it has to recover.
    pub fn crash_and_recover(&mut self) {
        assert!(Command::new("kill").args(["-QUIT", &self.pid()]).status().unwrap().success());
        self.stop_and_start(|_| ());
    }

    /// Stops the server, changes something about its data folder, and starts it again.
    pub fn stop_and_start(&mut self, change: impl FnOnce(&Path)) {
        drop(self.postgres.take());
        change(&self.cluster());
        self.postgres = Some(EmbeddedPostgres::start(&self.settings).expect("PostgreSQL, started again"));
    }

    /// Has the server ended by itself?
    pub fn has_ended(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        // Ended, and not yet waited for.
        stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
    }

    fn pid(&self) -> String {
        self.postgres.as_ref().unwrap().pid().unwrap().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.postgres.take());
        let _ = std::fs::remove_dir_all(&self.folder);
        // Empty once the last run of this process is over.
        let _ = self.folder.parent().map(std::fs::remove_dir);
    }
}

/// A connection beside the log's own.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
