//! What the benchmarks of the read side share: a log of a market, and a database to project it into.

pub mod market;

use std::time::Instant;

use agrodeep_event_store::{Position, SharedLog};
use agrodeep_projections::database::{SCHEMA, connect_read, migrate};
use sqlx::{Connection, PgConnection, PgPool};

use super::{
    database::{BenchDatabase, BenchServer},
    measured::Round,
};
use crate::compose::open_log;

/// What a projection runs with.
const CONNECTIONS: u32 = 16;

/// A log of a market, with empty read models beside it.
pub struct Projected {
    pub database: BenchDatabase,
    pub log: SharedLog,
    pub head: Position,
    pub events: u64,
}

impl Projected {
    /// A log of at least `events` events, in a database of this name.
    pub async fn fill(server: &BenchServer, name: &str, events: u64) -> anyhow::Result<Self> {
        let database = server.database(name).await?;
        let events = market::fill(&database.url, events).await?;
        let log = open_log(&database.url).await?;
        let head = log.head().await?;
        Ok(Self { database, log, head, events })
    }

    /// Empty read models, in place of whatever is there.
    pub async fn empty_tables(&self) -> anyhow::Result<PgPool> {
        let mut connection = PgConnection::connect(&self.database.url).await?;
        sqlx::query(&format!("drop schema if exists {SCHEMA} cascade")).execute(&mut connection).await?;
        connection.close().await?;
        migrate(&self.database.url).await?;
        Ok(connect_read(&self.database.url, CONNECTIONS)?)
    }
}

/// A round in which so many events were taken in.
pub fn round(events: u64, since: Instant) -> Round {
    Round {
        commands: usize::try_from(events).unwrap_or(usize::MAX),
        per_second: events as f64 / since.elapsed().as_secs_f64(),
        took: None,
        batch: None,
    }
}
