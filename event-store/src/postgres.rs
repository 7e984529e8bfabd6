//! The log on Postgres: dense positions in commit order, one statement an append, group commit.

mod append;
pub mod embedded;
mod figures;
mod head;
mod migrate;
mod pace;
mod read;
mod seen;
mod select;
mod session;
mod snapshots;
#[cfg(feature = "testing")]
pub mod testing;
mod writer;

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use self::session::describe;
pub use self::{
    figures::{IndexFigures, StoreFigures, TableFigures, figures},
    migrate::{has_log, migrate},
    seen::STREAMS_SEEN_MAX,
};
use self::{
    head::Head,
    read::Reader,
    seen::SeenVersions,
    session::Sessions,
    writer::{Committer, Writer},
};
use crate::{
    Append, AppendOutcome, Direction, EventFilter, EventLog, LogError, Position, Promises, RecordedEvent,
    Selected, Snapshots, StreamId,
};

/// The migrations of the write side: the log and what stands beside it.
pub static WRITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/write");

/// What the log may be asked to take.
#[derive(Clone, Copy, Debug)]
pub struct LogLimits {
    /// The largest payload of one event, in bytes.
    pub payload_bytes_max: usize,
    /// The most events of one command.
    pub events_per_command_max: usize,
    /// About the most events that are committed together.
    pub batch_events_max: usize,
    /// About the most bytes that are committed together.
    pub batch_bytes_max: usize,
    /// How long an append whose verdict was lost is asked again before its caller is told so.
    pub verdict_patience: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            payload_bytes_max: 1024 * 1024,
            events_per_command_max: 10_000,
            batch_events_max: 512,
            batch_bytes_max: 4 * 1024 * 1024,
            verdict_patience: Duration::from_secs(10),
        }
    }
}

/// The log on Postgres.
pub struct PostgresLog {
    limits: LogLimits,
    writer: Writer,
    reader: Reader,
    head: Head,
}

impl PostgresLog {
    /// Opens the log of the database at `url`, which must have been migrated ([`WRITE_MIGRATIONS`]).
    ///
    /// # Errors
    /// [`LogError::Invalid`] for an address that is none, [`LogError::Unavailable`] when nobody answers there.
    pub async fn open(url: &str, limits: LogLimits) -> Result<Self, LogError> {
        let writing = Sessions::new(url, "agrodeep-append")?;
        let reading = writing.another("agrodeep-read");
        let seen = SeenVersions::default();
        let reader = Reader {
            reading: reading.clone(),
            loading: writing.another("agrodeep-load"),
            seen: seen.clone(),
        };
        let head = Head::follow(reading, reader.head().await?);
        let writer = Writer::start(Committer { sessions: writing, head: head.clone(), seen, limits });
        Ok(Self { limits, writer, reader, head })
    }

    fn check(&self, append: &Append) -> Result<(), LogError> {
        append.check()?;
        let events = append.events.len();
        if events == 0 || events > self.limits.events_per_command_max {
            return Err(LogError::Invalid(format!(
                "a command must have 1 to {} events, not {events}",
                self.limits.events_per_command_max
            )));
        }
        for event in &append.events {
            let bytes = event.payload.get().len();
            if bytes > self.limits.payload_bytes_max {
                return Err(LogError::Invalid(format!(
                    "the payload of {} has {bytes} bytes: {} are the most",
                    event.event_type, self.limits.payload_bytes_max
                )));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl EventLog for PostgresLog {
    fn promises(&self) -> Promises {
        Promises { dense_positions: true, command_ids_across_streams: true }
    }

    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        if chain.iter().any(|append| append.stream != chain[0].stream) {
            return vec![Err(LogError::Invalid("a chain must have one stream".to_owned())); chain.len()];
        }
        // One statement, like what follows: a chain is never taken apart.
        self.append_in_order(chain).await
    }

    async fn append_in_order(&self, appends: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        let count = appends.len();
        if count == 0 {
            return Vec::new();
        }
        if let Some(error) = appends.iter().find_map(|append| self.check(append).err()) {
            return vec![Err(error); count];
        }
        let (verdict, verdicts) = oneshot::channel();
        if !self.writer.hand_over(appends, verdict).await {
            return vec![Err(LogError::Unavailable("the log is being closed".to_owned())); count];
        }
        verdicts
            .await
            .unwrap_or_else(|_| vec![Err(LogError::Unknown("the log was closed".to_owned())); count])
    }

    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.load(stream, after_version).await
    }

    async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.find_command(stream, command_id).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let after = after.clamp(Position::START, Position(i64::MAX - 1));
        let events = self.reader.read(after, limit).await?;
        // Positions are dense: what does not follow on is a damaged log, and reading on would skip events.
        for (event, expected) in events.iter().zip(after.0 + 1..) {
            if event.position.0 != expected {
                return Err(LogError::Corrupt(format!("position {expected} is missing")));
            }
        }
        Ok(events)
    }

    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let events = self.reader.read_back(before, limit).await?;
        let first = events.first().map_or(0, |event| event.position.0);
        for (event, expected) in events.iter().zip((1..=first).rev()) {
            if event.position.0 != expected {
                return Err(LogError::Corrupt(format!("position {expected} is missing")));
            }
        }
        Ok(events)
    }

    async fn load_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.load_page(stream, after_version, limit).await
    }

    async fn select(
        &self,
        from: Position,
        direction: Direction,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Selected, LogError> {
        self.reader.select(from, direction, filter, limit).await
    }

    async fn last_events(
        &self,
        after: Option<&StreamId>,
        aggregate_type: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.last_events(after, aggregate_type, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.reader.head().await
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        Some(self)
    }

    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        self.head.wait_beyond(position, timeout).await;
    }
}
