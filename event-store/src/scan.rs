//! Reading a whole log from one end to the other, the next batch while the last one is worked on.

use tokio::task::JoinHandle;

use crate::{LogError, Position, RecordedEvent, SharedLog};

type Batch = Result<Vec<RecordedEvent>, LogError>;

/// About as many bytes as a batch should have. The size of the last batch tells how many events that is.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
const BATCH_EVENTS_MIN: usize = 16;
const BATCH_EVENTS_MAX: usize = 2000;

pub(crate) struct Scan {
    log: SharedLog,
    position: Position,
    limit: usize,
    ahead: Option<JoinHandle<Batch>>,
}

impl Scan {
    pub fn new(log: SharedLog, after: Position) -> Self {
        Self { log, position: after, limit: 250, ahead: None }
    }

    /// After which event the next batch begins.
    pub fn position(&self) -> Position {
        self.position
    }

    /// How many events the next batch has at most.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The next events; none at the log's end. After an error it stays where it was.
    pub async fn next(&mut self) -> Batch {
        let batch = match self.ahead.take() {
            Some(ahead) => ahead.await.map_err(|error| LogError::Unavailable(error.to_string()))?,
            None => self.log.read(self.position, self.limit).await,
        };
        let events = batch?;
        if let Some(last) = events.last() {
            self.position = last.position;
            let bytes: usize = events.iter().map(|event| event.payload.get().len() + 500).sum();
            let fitting = BATCH_BYTES / (bytes / events.len()).max(1);
            self.limit = fitting.clamp(BATCH_EVENTS_MIN, BATCH_EVENTS_MAX).min(self.limit * 2);
            let (log, position, limit) = (self.log.clone(), self.position, self.limit);
            self.ahead = Some(tokio::spawn(async move { log.read(position, limit).await }));
        }
        Ok(events)
    }

    /// Goes on elsewhere.
    pub fn jump_to(&mut self, position: Position) {
        self.position = position;
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ahead.abort();
        }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.stop();
    }
}
