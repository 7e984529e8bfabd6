//! Where benchmarks run: by default a private PostgreSQL of their own with the settings of the embedded default.

use std::{path::PathBuf, str::FromStr};

use agrodeep_event_store::postgres::{
    WRITE_MIGRATIONS,
    embedded::{EmbeddedPostgres, EmbeddedSettings},
};
use anyhow::{Context, ensure};
use sqlx::{PgPool, postgres::PgConnectOptions};

/// A database to measure on; gone when dropped, unless it was given.
pub struct BenchDatabase {
    pub url: String,
    pub server: String,
    private: Option<(EmbeddedPostgres, PathBuf)>,
}

impl BenchDatabase {
    /// The database at `url`, which must be empty, or a private one.
    pub async fn open(url: Option<String>) -> anyhow::Result<Self> {
        let (url, private) = if let Some(url) = url {
            (url, None)
        } else {
            let folder = std::env::temp_dir().join(format!("agrodeep-bench-{}", std::process::id()));
            // The raw subject has a connection a writer.
            let options = vec!["max_connections=400".to_owned()];
            let settings = EmbeddedSettings { options, ..EmbeddedSettings::new(&folder) };
            let server = tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&settings)).await??;
            let admin = PgPool::connect(&server.url_of("postgres")).await?;
            sqlx::query("create database agrodeep").execute(&admin).await?;
            admin.close().await;
            (server.url(), Some((server, folder)))
        };
        let pool = PgPool::connect_with(PgConnectOptions::from_str(&url)?).await.context("connecting")?;
        WRITE_MIGRATIONS.run(&pool).await.context("migrating")?;
        let position: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&pool).await?;
        ensure!(private.is_some() || position == 0, "the database to measure on must have an empty log");
        let (version, fsync, commit): (String, String, String) = sqlx::query_as(
            "select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')",
        )
        .fetch_one(&pool)
        .await?;
        pool.close().await;
        ensure!(
            fsync == "on" && commit == "on",
            "measuring means little without fsync and synchronous_commit"
        );
        let server = format!("PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}");
        Ok(Self { url, server, private })
    }
}

impl Drop for BenchDatabase {
    fn drop(&mut self) {
        if let Some((mut server, folder)) = self.private.take() {
            server.stop();
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
