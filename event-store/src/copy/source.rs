//! Where a copy reads from.

use async_trait::async_trait;

use crate::{LogError, Position, RecordedEvent, SharedLog, scan::Scan};

/// Events in one order, the same whenever they are asked for from the beginning.
#[async_trait]
pub trait Source: Send {
    /// The next events; none at the end.
    async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError>;

    /// Whether it knows when an event was recorded. Then the copy keeps that.
    fn knows_when_recorded(&self) -> bool {
        true
    }
}

/// A log, from its first event on.
pub struct LogSource {
    scan: Scan,
}

impl LogSource {
    /// All events of `log`, in its order.
    pub fn new(log: SharedLog) -> Self {
        Self { scan: Scan::new(log, Position::START) }
    }
}

#[async_trait]
impl Source for LogSource {
    async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        self.scan.next().await
    }
}
