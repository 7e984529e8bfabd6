//! Following the log: from a position to its end, and on as it grows.

use std::time::Duration;

use crate::{LogError, Position, RecordedEvent, SharedLog};

/// Reads the log in order, without end. Wake-ups only shorten the wait: it polls all the same.
pub struct Follower {
    log: SharedLog,
    position: Position,
    batch_max: usize,
}

/// How long a follower waits for a wake-up before it looks by itself.
const POLL: Duration = Duration::from_millis(250);

impl Follower {
    /// Follows `log` from after `position`, in batches of at most `batch_max` events.
    pub fn new(log: SharedLog, position: Position, batch_max: usize) -> Self {
        Self { log, position, batch_max }
    }

    /// After which event the next batch begins.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next events, at least one. Waits at the log's end. Safe to cancel: what was not returned comes again.
    ///
    /// # Errors
    /// [`LogError`] as the store gives it; the follower stays where it is and may be asked again.
    pub async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        loop {
            let events = self.log.read(self.position, self.batch_max).await?;
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(events);
            }
            self.log.wait_beyond(self.position, POLL).await;
        }
    }
}
