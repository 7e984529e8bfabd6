//! Fresh databases for tests, on one private server a test process.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::{
    ConnectOptions, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    LogLimits, PostgresLog, WRITE_MIGRATIONS,
    embedded::{EmbeddedPostgres, EmbeddedSettings},
};
use crate::SharedLog;

/// The server, and the folder that goes with it. The process that ends takes both along.
struct Server {
    postgres: EmbeddedPostgres,
}

static SERVER: Mutex<Option<Server>> = Mutex::new(None);
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database of its own for one test.
pub struct TestDatabase {
    name: String,
    url: String,
    pool: PgPool,
    read_pool: Option<PgPool>,
}

fn server_url(database: &str) -> String {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let server = server.get_or_insert_with(|| {
        let base = std::env::temp_dir().join("agrodeep-tests");
        std::fs::create_dir_all(&base).expect("the tests' folder");
        sweep(&base);
        let folder = base.join(std::process::id().to_string());
        let settings = EmbeddedSettings {
            options: vec!["max_connections=300".to_owned(), "shared_buffers=64MB".to_owned()],
            ..EmbeddedSettings::new(&folder)
        };
        Server { postgres: EmbeddedPostgres::start(&settings).expect("a private PostgreSQL for the tests") }
    });
    server.postgres.url_of(database)
}

/// Removes what test processes that have ended left behind.
fn sweep(base: &Path) {
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let alive = entry.file_name().to_str().is_some_and(|pid| Path::new("/proc").join(pid).exists());
        if !alive {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl TestDatabase {
    /// A database with the write side's tables.
    pub async fn create() -> Self {
        Self::build(false).await
    }

    /// A database with the write side's tables, and the read models' in the schema `read_models`.
    pub async fn create_with_read() -> Self {
        Self::build(true).await
    }

    async fn build(with_read: bool) -> Self {
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let admin: PgConnectOptions = server_url("postgres").parse().expect("the server's address");
        let mut connection = admin.connect().await.expect("the private PostgreSQL");
        sqlx::query(&format!("create database {name}")).execute(&mut connection).await.expect("a database");
        connection.close().await.expect("a clean end");

        let url = server_url(&name);
        let options: PgConnectOptions = url.parse().expect("the database's address");
        let pool =
            PgPoolOptions::new().max_connections(8).connect_with(options.clone()).await.expect("a pool");
        WRITE_MIGRATIONS.run(&pool).await.expect("the write side's migrations");
        let read_pool = if with_read {
            sqlx::query("create schema read_models").execute(&pool).await.expect("the read models' schema");
            let options = options.options([("search_path", "read_models")]);
            let read_pool =
                PgPoolOptions::new().max_connections(8).connect_with(options).await.expect("a pool");
            let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/read");
            let migrator =
                sqlx::migrate::Migrator::new(migrations).await.expect("the read side's migrations");
            migrator.run(&read_pool).await.expect("the read side's migrations");
            Some(read_pool)
        } else {
            None
        };
        Self { name, url, pool, read_pool }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The database's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Connections to the write side.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Connections to the read models.
    ///
    /// # Panics
    /// Without [`Self::create_with_read`].
    pub fn read_pool(&self) -> &PgPool {
        self.read_pool.as_ref().expect("create_with_read()")
    }

    /// The log of this database. Each call opens it anew, as another process would.
    pub async fn log(&self) -> SharedLog {
        Arc::new(PostgresLog::open(&self.url, LogLimits::default()).await.expect("the log"))
    }
}
