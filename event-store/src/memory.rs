//! The log in memory: the same promises as on Postgres, for tests and for trying things out. What it holds ends with it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{SubsecRound, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Append, AppendOutcome, Appended, EventLog, LogError, Position, Promises, RecordedEvent, Resumed,
    Snapshot, Snapshots, StreamId, event::event_id,
};

/// What a [`MemoryLog`] may be asked to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// The largest payload of one event, in bytes.
    pub payload_bytes_max: usize,
    /// The most events of one command.
    pub events_per_command_max: usize,
}

impl Default for MemoryLimits {
    /// Those of the log on Postgres.
    fn default() -> Self {
        Self { payload_bytes_max: 1024 * 1024, events_per_command_max: 10_000 }
    }
}

/// A log that lives as long as its value.
///
/// Its positions are 1, 2, 3 …; an append is visible to every reader from the moment its verdict is given.
///
/// ```
/// # use agrodeep_event_store::{EventLog, MemoryLog, Position};
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let log = MemoryLog::default();
/// assert_eq!(log.head().await, Ok(Position::START));
/// # });
/// ```
#[derive(Debug)]
pub struct MemoryLog {
    limits: MemoryLimits,
    contents: Mutex<Contents>,
    head: watch::Sender<i64>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new(MemoryLimits::default())
    }
}

impl MemoryLog {
    /// An empty log.
    pub fn new(limits: MemoryLimits) -> Self {
        Self { limits, contents: Mutex::default(), head: watch::Sender::new(0) }
    }

    /// Appends the events of many commands in one go, on any streams, each with its own verdict: what group commit does.
    ///
    /// Commands of one stream are judged in order, and once one of them is refused the later ones are too.
    ///
    /// # Errors
    /// [`LogError::Invalid`] when one of them is beyond the limits; then nothing is appended.
    pub fn append_batch(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, LogError> {
        for append in batch {
            self.check(append)?;
        }
        let mut contents = self.contents();
        let verdicts = contents.append(batch);
        let head = contents.events.len() as i64;
        drop(contents);
        self.head.send_if_modified(|known| std::mem::replace(known, head.max(*known)) < head);
        Ok(verdicts)
    }

    fn check(&self, append: &Append) -> Result<(), LogError> {
        append.check()?;
        let events = append.events.len();
        let most = self.limits.events_per_command_max;
        if events == 0 || events > most {
            return Err(LogError::Invalid(format!("a command must have 1 to {most} events, not {events}")));
        }
        let most = self.limits.payload_bytes_max;
        for event in &append.events {
            let bytes = event.payload.get().len();
            if bytes > most {
                return Err(LogError::Invalid(format!(
                    "the payload of {} has {bytes} bytes: {most} are the most",
                    event.event_type
                )));
            }
        }
        Ok(())
    }

    /// Nobody panics while it is held, and were it so, every append is whole or not there.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Positions are indices plus one.
#[derive(Debug, Default)]
struct Contents {
    events: Vec<RecordedEvent>,
    streams: HashMap<StreamId, Vec<usize>>,
    commands: HashMap<Uuid, Done>,
    snapshots: HashMap<(StreamId, u32), Snapshot>,
}

/// Where a command's events stand: they follow on one another, in the log and in their stream.
#[derive(Clone, Copy, Debug)]
struct Done {
    first: usize,
    events: usize,
}

impl Contents {
    /// The event that a state was taken after, if it is still there.
    fn event_of(&self, snapshot: &Snapshot) -> Option<&RecordedEvent> {
        let index = usize::try_from(snapshot.version.checked_sub(1)?).ok()?;
        let event = &self.events[*self.streams.get(&snapshot.stream)?.get(index)?];
        (event.command_id == snapshot.command_id).then_some(event)
    }

    fn append(&mut self, batch: &[Append]) -> Vec<AppendOutcome> {
        let mut refused: BTreeSet<&StreamId> = BTreeSet::new();
        batch
            .iter()
            .map(|append| {
                let verdict = self.judge(append, refused.contains(&append.stream));
                if !matches!(verdict, AppendOutcome::Appended(_)) {
                    refused.insert(&append.stream);
                }
                verdict
            })
            .collect()
    }

    fn judge(&mut self, append: &Append, refused: bool) -> AppendOutcome {
        let actual_version = self.streams.get(&append.stream).map_or(0, |versions| versions.len() as u64);
        if let Some(done) = self.commands.get(&append.command_id) {
            let first = &self.events[done.first];
            let last = &self.events[done.first + done.events - 1];
            let the_same = first.stream == append.stream
                && first.version == append.expected_version + 1
                && done.events == append.events.len();
            return if the_same && !refused {
                AppendOutcome::Appended(Appended { position: last.position, version: last.version })
            } else {
                AppendOutcome::AlreadyDone
            };
        }
        if refused || append.expected_version != actual_version {
            return AppendOutcome::Conflict { actual_version };
        }
        AppendOutcome::Appended(self.take(append))
    }

    fn take(&mut self, append: &Append) -> Appended {
        let first = self.events.len();
        self.commands.insert(append.command_id, Done { first, events: append.events.len() });
        let versions = self.streams.entry(append.stream.clone()).or_default();
        let recorded_at = Utc::now().trunc_subsecs(6);
        for (index, event) in append.events.iter().enumerate() {
            versions.push(self.events.len());
            self.events.push(RecordedEvent {
                position: Position((first + index + 1) as i64),
                event_id: event_id(append.command_id, index),
                stream: append.stream.clone(),
                version: versions.len() as u64,
                event_type: event.event_type.to_string(),
                event_version: event.event_version.to_string(),
                payload: event.payload.clone(),
                metadata: append.metadata.clone(),
                command_id: append.command_id,
                recorded_at,
            });
        }
        Appended { position: Position(self.events.len() as i64), version: versions.len() as u64 }
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    fn promises(&self) -> Promises {
        Promises { dense_positions: true, command_ids_across_streams: true }
    }

    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        if chain.iter().any(|append| append.stream != chain[0].stream) {
            return vec![Err(LogError::Invalid("a chain must have one stream".to_owned())); chain.len()];
        }
        self.append_in_order(chain).await
    }

    async fn append_in_order(&self, appends: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        match self.append_batch(&appends) {
            Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); appends.len()],
        }
    }

    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        self.load_page(stream, after_version, usize::MAX).await
    }

    async fn load_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let contents = self.contents();
        let versions = contents.streams.get(stream).into_iter().flatten();
        let after = usize::try_from(after_version).unwrap_or(usize::MAX);
        Ok(versions.skip(after).take(limit).map(|index| contents.events[*index].clone()).collect())
    }

    async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let contents = self.contents();
        let events =
            contents.commands.get(&command_id).map(|done| &contents.events[done.first..][..done.events]);
        Ok(events.filter(|events| events[0].stream == *stream).map(<[_]>::to_vec).unwrap_or_default())
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let after = usize::try_from(after.0).unwrap_or(0);
        Ok(self.contents().events.iter().skip(after).take(limit).cloned().collect())
    }

    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let contents = self.contents();
        let before = usize::try_from(before.0).unwrap_or(0).saturating_sub(1).min(contents.events.len());
        Ok(contents.events[..before].iter().rev().take(limit).cloned().collect())
    }

    async fn head(&self) -> Result<Position, LogError> {
        Ok(Position(self.contents().events.len() as i64))
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        Some(self)
    }

    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        let mut head = self.head.subscribe();
        let _ = tokio::time::timeout(timeout, head.wait_for(|head| *head > position.0)).await;
    }
}

#[async_trait]
impl Snapshots for MemoryLog {
    async fn resume(&self, stream: &StreamId, form: u32) -> Result<Resumed, LogError> {
        let contents = self.contents();
        let kept = contents.snapshots.get(&(stream.clone(), form));
        let begin = kept.and_then(|snapshot| Some((snapshot.clone(), contents.event_of(snapshot)?.clone())));
        let after = begin.as_ref().map_or(0, |(snapshot, _)| snapshot.version as usize);
        let versions = contents.streams.get(stream).into_iter().flatten();
        let events = versions.skip(after).map(|index| contents.events[*index].clone()).collect();
        Ok(Resumed { begin, events })
    }

    async fn keep(&self, snapshot: Snapshot) -> Result<(), LogError> {
        let mut contents = self.contents();
        contents.snapshots.retain(|(stream, form), _| *stream != snapshot.stream || *form >= snapshot.form);
        let key = (snapshot.stream.clone(), snapshot.form);
        let newer = contents
            .snapshots
            .get(&key)
            .is_none_or(|kept| kept.version < snapshot.version || contents.event_of(kept).is_none());
        if newer {
            contents.snapshots.insert(key, snapshot);
        }
        Ok(())
    }

    async fn forget(&self, snapshot: &Snapshot) -> Result<(), LogError> {
        let mut contents = self.contents();
        let key = (snapshot.stream.clone(), snapshot.form);
        if contents.snapshots.get(&key).is_some_and(|kept| kept.version == snapshot.version) {
            contents.snapshots.remove(&key);
        }
        Ok(())
    }
}
