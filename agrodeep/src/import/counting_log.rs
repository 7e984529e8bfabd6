//! A log that counts what is appended to it by this process.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use agrodeep_event_store::{
    Append, AppendOutcome, EventLog, LogError, Position, Promises, RecordedEvent, SharedLog, StreamId,
};
use async_trait::async_trait;
use uuid::Uuid;

/// Passes everything on, and counts the events that were appended.
pub struct CountingLog {
    log: SharedLog,
    appended: AtomicU64,
}

impl CountingLog {
    pub fn new(log: SharedLog) -> Self {
        Self { log, appended: AtomicU64::new(0) }
    }

    /// How many events were appended through this.
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl EventLog for CountingLog {
    fn promises(&self) -> Promises {
        self.log.promises()
    }

    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        let events: Vec<usize> = chain.iter().map(|append| append.events.len()).collect();
        let verdicts = self.log.append_chain(chain).await;
        for (events, verdict) in events.into_iter().zip(&verdicts) {
            if matches!(verdict, Ok(AppendOutcome::Appended(_))) {
                self.appended.fetch_add(events as u64, Ordering::Relaxed);
            }
        }
        verdicts
    }

    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.load(stream, after_version).await
    }

    async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.find_command(stream, command_id).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read(after, limit).await
    }

    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_back(before, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.log.head().await
    }

    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        self.log.wait_beyond(position, timeout).await;
    }
}
