//! The log on KurrentDB (EventStoreDB): one stream an aggregate, `$all` as the order of all.
//!
//! * **Append**: the events of a command are one write under the exact revision that the command was decided on, with
//!   event ids that follow from the command's. KurrentDB writes all of them or none, and knows the very same write again
//!   for ever. It does *not* know the command again under a later revision: so before a write the stream up to the
//!   expected version is known here, command by command (`known`), and after a refusal all of it.
//! * **Chains** are written together, as many commands at once as fit into one write. All or none loses nothing: what could
//!   refuse a command behind the first alone is found out before the write; where it is not (the server's own limit of
//!   sizes), the commands are written one by one.
//! * **Positions** are commit positions: growing, with holes. The log's events are those in streams named as ours
//!   with our metadata; all others on the same server are passed over.
//! * **Streams that were deleted or truncated** are damage: the log promises that an event stays.

mod address;
mod append;
#[cfg(feature = "kurrentdb-double")]
pub mod double;
mod envelope;
mod known;
mod read;
mod session;
mod trouble;
mod watch;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use self::{append::Appender, known::Known, read::Reader, session::Sessions, watch::Head};
use crate::{Append, AppendOutcome, EventLog, LogError, Position, Promises, RecordedEvent, StreamId};

/// How the log on KurrentDB works, and what it may be asked to take.
#[derive(Clone, Copy, Debug)]
pub struct KurrentSettings {
    /// The largest payload of one event, in bytes.
    pub payload_bytes_max: usize,
    /// The most events of one command.
    pub events_per_command_max: usize,
    /// About the most bytes that the commands of a chain are written with together. A single command may be larger: then
    /// the server's own limit decides (`MaxAppendSize`; 1 MiB up to version 24).
    pub write_bytes_max: usize,
    /// How many writes are under way at once, over one connection.
    pub writes_under_way_max: usize,
    /// How long one answer of the server is waited for. Shorter than patience, so that a lost one is asked for again.
    pub answer_time: Duration,
    /// How long an append whose verdict was lost, or that finds no server, is asked again before its caller is told so.
    pub verdict_patience: Duration,
    /// About how many command ids are remembered, those of the streams that were used last. About 50 bytes each.
    pub commands_known_max: usize,
}

impl Default for KurrentSettings {
    fn default() -> Self {
        Self {
            payload_bytes_max: 1024 * 1024,
            events_per_command_max: 10_000,
            write_bytes_max: 900_000,
            writes_under_way_max: 80,
            answer_time: Duration::from_secs(4),
            verdict_patience: Duration::from_secs(10),
            commands_known_max: 500_000,
        }
    }
}

/// The log on KurrentDB.
pub struct KurrentLog {
    settings: KurrentSettings,
    appender: Arc<Appender>,
    reader: Reader,
    head: Head,
}

impl KurrentLog {
    /// Opens the log on the server or cluster at `url`: `kurrentdb://…`, `kurrentdb+discover://…` or `esdb://…`, with the
    /// parameters that all of KurrentDB's clients know.
    ///
    /// # Errors
    /// [`LogError::Invalid`] for an address that is none (a password in it is not repeated), [`LogError::Unavailable`] when
    /// nobody answers there.
    pub async fn open(url: &str, settings: KurrentSettings) -> Result<Self, LogError> {
        let sessions = Sessions::open(address::parse(url)?)?;
        let known = Arc::new(Known::new(settings.commands_known_max));
        let reader = Reader::new(sessions.clone(), known.clone(), settings.answer_time);
        let head = Head::follow(sessions.clone(), reader.head().await?);
        let appender = Appender::new(sessions, known, reader.clone(), head.clone(), settings);
        Ok(Self { settings, appender: Arc::new(appender), reader, head })
    }

    fn check(&self, append: &Append) -> Result<(), LogError> {
        let events = append.events.len();
        if events == 0 || events > self.settings.events_per_command_max {
            return Err(LogError::Invalid(format!(
                "a command must have 1 to {} events, not {events}",
                self.settings.events_per_command_max
            )));
        }
        append.check()?;
        if append.stream.aggregate_type.starts_with('$') {
            return Err(LogError::Invalid(format!("{}: $ begins KurrentDB's own names", append.stream)));
        }
        for event in &append.events {
            let bytes = event.payload.get().len();
            if bytes > self.settings.payload_bytes_max {
                return Err(LogError::Invalid(format!(
                    "the payload of {} has {bytes} bytes: {} are the most",
                    event.event_type, self.settings.payload_bytes_max
                )));
            }
        }
        envelope::check(&append.metadata)
    }
}

#[async_trait]
impl EventLog for KurrentLog {
    fn promises(&self) -> Promises {
        Promises { dense_positions: false, command_ids_across_streams: false }
    }

    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        let count = chain.len();
        if let Some(error) = chain.iter().find_map(|append| self.check(append).err()) {
            return vec![Err(error); count];
        }
        if chain.iter().any(|append| append.stream != chain[0].stream) {
            return vec![Err(LogError::Invalid("a chain must have one stream".to_owned())); count];
        }
        // In a task of its own: a caller that stops waiting does not leave a write in the middle of being asked again.
        let appender = self.appender.clone();
        let work = tokio::spawn(async move { appender.append_chain(chain).await });
        work.await.unwrap_or_else(|error| vec![Err(LogError::Unknown(error.to_string())); count])
    }

    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        // KurrentDB's revisions are .NET's `long`.
        if i64::try_from(after_version).is_ok_and(|version| version < i64::MAX) {
            return self.reader.load(stream, after_version).await;
        }
        Ok(vec![])
    }

    async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.find_command(stream, command_id).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.read(after, limit).await
    }

    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.read_back(before, limit).await
    }

    async fn load_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        if limit > 0 && i64::try_from(after_version).is_ok_and(|version| version < i64::MAX) {
            return self.reader.events(stream, after_version, limit).await;
        }
        Ok(vec![])
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.reader.head().await
    }

    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        self.head.wait_beyond(position, timeout).await;
    }
}
