//! The log as several projections of one process follow it: whoever is first reads for all, and what was read is
//! interpreted once. A projection that lags reads by itself.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use agrodeep_event_store::{LogError, Position, SharedLog};
use tokio::sync::Mutex;

use crate::fact::LogEvent;

/// How long a reader at the log's end waits for a wake-up before it looks by itself.
const POLL: Duration = Duration::from_millis(250);
/// How much is kept for those that come after: events and bytes of payload.
const KEPT_EVENTS_MAX: usize = 16_384;
const KEPT_BYTES_MAX: usize = 32 << 20;

pub(crate) struct Feed {
    log: SharedLog,
    recent: Mutex<Recent>,
}

/// The events after `start`, as far as they have been read, without a gap.
#[derive(Default)]
struct Recent {
    start: Position,
    events: VecDeque<Arc<LogEvent>>,
    bytes: usize,
}

impl Feed {
    pub fn new(log: SharedLog) -> Arc<Self> {
        Arc::new(Self { log, recent: Mutex::default() })
    }

    pub fn log(&self) -> &SharedLog {
        &self.log
    }

    /// The next events after `after`, at least one and at most `limit`. Waits at the log's end. Safe to cancel.
    pub async fn next(&self, after: Position, limit: usize) -> Result<Vec<Arc<LogEvent>>, LogError> {
        loop {
            let events = self.read(after, limit).await?;
            if !events.is_empty() {
                return Ok(events);
            }
            self.log.wait_beyond(after, POLL).await;
        }
    }

    /// The next events after `after`, at most `limit`; none at the log's end.
    pub async fn read(&self, after: Position, limit: usize) -> Result<Vec<Arc<LogEvent>>, LogError> {
        let mut recent = self.recent.lock().await;
        if after < recent.start {
            drop(recent);
            return Ok(self
                .log
                .read(after, limit)
                .await?
                .into_iter()
                .map(LogEvent::new)
                .map(Arc::new)
                .collect());
        }
        let end = recent.events.back().map_or(recent.start, |last| last.position());
        if after < end {
            let first = recent.events.partition_point(|event| event.position() <= after);
            return Ok(recent.events.range(first..).take(limit).cloned().collect());
        }
        // At the front: read for all, who wait meanwhile.
        let events: Vec<_> =
            self.log.read(after, limit).await?.into_iter().map(LogEvent::new).map(Arc::new).collect();
        if after > end {
            *recent = Recent { start: after, ..Recent::default() };
        }
        recent.keep(&events);
        Ok(events)
    }
}

impl Recent {
    fn keep(&mut self, events: &[Arc<LogEvent>]) {
        self.bytes += events.iter().map(|event| bytes(event)).sum::<usize>();
        self.events.extend(events.iter().cloned());
        while self.events.len() > KEPT_EVENTS_MAX || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { break };
            self.start = oldest.position();
            self.bytes -= bytes(&oldest);
        }
    }
}

fn bytes(event: &LogEvent) -> usize {
    event.recorded.payload.get().len()
}
