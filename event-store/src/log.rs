//! The port that every event store implements.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    Direction, EventFilter, Metadata, NewEvent, Position, RecordedEvent, Selected, Snapshots, StreamId,
    select,
};

/// What one command wants appended to one stream.
#[derive(Clone, Debug)]
pub struct Append {
    /// To which stream.
    pub stream: StreamId,
    /// The stream's version that the command was decided on; 0: the stream is new.
    pub expected_version: u64,
    /// Makes the command recognisable when it comes again. It is the id of the first event, too.
    pub command_id: Uuid,
    /// At least one.
    pub events: Vec<NewEvent>,
    /// Of all of them.
    pub metadata: Metadata,
}

impl Append {
    /// What no store can take, whatever its limits are. Versions are signed 64-bit numbers in every store.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let last = self.expected_version.checked_add(self.events.len() as u64);
        if last.is_none_or(|last| i64::try_from(last).is_err()) {
            return Err(LogError::Invalid(format!("no stream has a version {}", self.expected_version)));
        }
        if let Err(error) = self.stream.check() {
            return Err(LogError::Invalid(format!("`{}`: {error}", self.stream)));
        }
        self.metadata.check().map_err(LogError::Invalid)
    }
}

/// Where the events of a command stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of the command's last event.
    pub position: Position,
    /// The stream's version after it.
    pub version: u64,
}

/// The verdict on one [`Append`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It is in the log, durably.
    Appended(Appended),
    /// The stream is not at the expected version; nothing was appended.
    ///
    /// Also given when an earlier append of the same batch to the same stream was not appended: this one may have been
    /// decided on it.
    Conflict {
        /// The version the stream is at.
        actual_version: u64,
    },
    /// A command of this id is in the stream already, elsewhere than expected; nothing was appended. A store that promises
    /// [`Promises::command_ids_across_streams`] says it of other streams, too.
    AlreadyDone,
}

/// Why the log could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The store cannot be reached; nothing was done.
    #[error("the event store cannot be reached: {0}")]
    Unavailable(String),
    /// The connection was lost before the verdict came. Whether the events are in the log is open: ask again with the same
    /// command id.
    #[error("the verdict of the event store was lost: {0}")]
    Unknown(String),
    /// What was asked can never be done.
    #[error("the event store refuses: {0}")]
    Invalid(String),
    /// What is in the store is not as it must be.
    #[error("the log is damaged: {0}")]
    Corrupt(String),
}

/// What only some stores keep, besides what [`EventLog`] says of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// Positions are 1, 2, 3 …: one that is missing is a damaged log, and their difference is a number of events.
    pub dense_positions: bool,
    /// A command id appends once in the whole log, not only once in its stream.
    pub command_ids_across_streams: bool,
}

/// A log of events: streams of versions, and one order of all.
///
/// Promises no more than every store can keep: positions are ordered, but may have holes; a command is recognised within
/// its stream; there is no transaction over several streams. What a store keeps besides is in [`Promises`].
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// What this store keeps beyond what all do.
    fn promises(&self) -> Promises;

    /// Appends a command's events, all or none. Returns only when they are durable.
    ///
    /// Appends that are under way at the same moment are committed together. The very same append (stream, expected
    /// version, command id) done again is told the first verdict again.
    async fn append(&self, append: Append) -> Result<AppendOutcome, LogError> {
        let mut verdicts = self.append_chain(vec![append]).await;
        verdicts.pop().unwrap_or_else(|| Err(LogError::Unknown("the store gave no verdict".to_owned())))
    }

    /// Appends the events of several commands on one stream, each decided on what the one before it leads to. One verdict
    /// each, in order; once one is refused, the later ones are too.
    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>>;

    /// Appends the events of many commands, of any streams, so that the log has them in this order. One verdict each, in
    /// order; after one that is not [`AppendOutcome::Appended`] the rest may or may not be done. Ask for a few thousand
    /// events at a time: a store may commit them all at once.
    ///
    /// For moving logs. Appends that nobody needs in one order are better done each for itself.
    async fn append_in_order(&self, appends: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        let mut verdicts = Vec::with_capacity(appends.len());
        for append in appends {
            let untold =
                Err(LogError::Unavailable("an earlier append of the same batch was not done".to_owned()));
            match verdicts.last() {
                None | Some(Ok(AppendOutcome::Appended(_))) => verdicts.push(self.append(append).await),
                Some(_) => verdicts.push(untold),
            }
        }
        verdicts
    }

    /// A stream's events after `after_version`, in order.
    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError>;

    /// The events of a command that is in this stream, in order; empty when it is not.
    async fn find_command(&self, stream: &StreamId, command_id: Uuid)
    -> Result<Vec<RecordedEvent>, LogError>;

    /// At most `limit` events of the whole log after `after`, in order; fewer only at its end.
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError>;

    /// At most `limit` events of the whole log before `before`, the last one first; fewer only at its beginning.
    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError>;

    /// At most `limit` of a stream's events after `after_version`, in order; fewer only at its end.
    async fn load_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let mut events = self.load(stream, after_version).await?;
        events.truncate(limit);
        Ok(events)
    }

    /// Looks on from `from` (which is not looked at again) for events that `filter` lets through; hands out `limit` at the
    /// most. May come back with none before the log's end, so that no question takes long: go on from where it got to.
    ///
    /// Ask `filter.stream` of [`Self::load_page`] instead: here the whole log is gone through for it.
    async fn select(
        &self,
        from: Position,
        direction: Direction,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Selected, LogError> {
        let events = match direction {
            Direction::Forwards => self.read(from, limit).await?,
            Direction::Backwards => self.read_back(from, limit).await?,
        };
        let is_end = events.len() < limit;
        let reached = events.last().map_or(from, |last| last.position);
        let events = events.into_iter().filter(|event| filter.lets_through(event)).collect();
        Ok(Selected { events, reached, is_end })
    }

    /// The last events of at most `limit` streams, those whose names come next after `after`; of one kind of aggregate, if
    /// `aggregate_type` says so. In the order of the names, which is that of the kind's bytes, then of the id's as text.
    ///
    /// A store without an index of its streams reads the whole log for it.
    async fn last_events(
        &self,
        after: Option<&StreamId>,
        aggregate_type: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        select::last_events(self, after, aggregate_type, limit).await
    }

    /// The position of the last event.
    async fn head(&self) -> Result<Position, LogError>;

    /// How many events come after `after`; `at_most` is also said when there are more.
    ///
    /// Where positions have holes the events are read to be counted.
    async fn count_after(&self, after: Position, at_most: u64) -> Result<u64, LogError> {
        const BATCH: u64 = 1_000;
        if self.promises().dense_positions {
            let behind = self.head().await?.0.saturating_sub(after.0);
            return Ok(u64::try_from(behind).unwrap_or(0).min(at_most));
        }
        let (mut after, mut count) = (after, 0);
        while count < at_most {
            let wanted = (at_most - count).min(BATCH);
            let events = self.read(after, wanted as usize).await?;
            count += events.len() as u64;
            match events.last() {
                Some(last) if events.len() as u64 == wanted => after = last.position,
                _ => break,
            }
        }
        Ok(count)
    }

    /// Where states of its streams are kept; `None`: this store keeps none, and streams are read from their beginning.
    fn snapshots(&self) -> Option<&dyn Snapshots> {
        None
    }

    /// Waits until the log may have grown beyond `position`, `timeout` at the most. May return early.
    async fn wait_beyond(&self, position: Position, timeout: Duration);
}

/// A log that several parts share.
pub type SharedLog = Arc<dyn EventLog>;
