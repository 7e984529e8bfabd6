//! Replaying what somebody selects, forwards or backwards: the next part is read while the last one is worked on, and no more
//! than that is in memory, however slowly it is taken.

mod place;

use tokio::task::JoinHandle;

use self::place::Place;
use crate::{Direction, EventFilter, LogError, Position, RecordedEvent, SharedLog};

/// What is replayed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only events after this position.
    pub after: Position,
    /// Only events before this position.
    pub before: Option<Position>,
    /// From which end.
    pub direction: Direction,
    /// What the events must be like.
    pub filter: EventFilter,
}

/// The next events.
#[derive(Clone, Debug)]
pub struct ReplayPart {
    /// In the order of the replay. May be none before the end, when nothing passed for long.
    pub events: Vec<RecordedEvent>,
    /// Up to here everything has been looked at: who goes on after it (backwards: before it) misses nothing.
    pub reached: Position,
    /// There is nothing more, at least not now.
    pub is_end: bool,
}

type Reading = JoinHandle<Result<(ReplayPart, Place), LogError>>;

/// A replay under way. Dropped, it leaves nothing behind.
///
/// At the end it may be asked again: forwards, and with nothing that it must come before, it goes on as the log grows.
pub struct Replay {
    log: SharedLog,
    place: Place,
    selection: Selection,
    batch_bytes: usize,
    limit: usize,
    ahead: Option<Reading>,
}

/// How many events the first part has at most.
const LIMIT_FIRST: usize = 250;
const LIMIT_MIN: usize = 16;
const LIMIT_MAX: usize = 2_000;

/// About what an event takes besides its payload.
const ENVELOPE_BYTES: usize = 500;

impl Replay {
    /// Begins. A part has about `batch_bytes`, and two of them are in memory at a time; a single event may be larger.
    ///
    /// # Errors
    /// [`LogError`] as the store gives it. [`LogError::Invalid`] also for a position that the store never gave.
    pub async fn begin(log: SharedLog, selection: Selection, batch_bytes: usize) -> Result<Self, LogError> {
        let place = Place::find(&log, &selection).await?;
        Ok(Self { log, place, selection, batch_bytes, limit: LIMIT_FIRST, ahead: None })
    }

    /// What is replayed.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The next events. Safe to cancel: what was not returned comes again.
    ///
    /// # Errors
    /// [`LogError`] as the store gives it; asked again, the replay goes on where it was.
    pub async fn next(&mut self) -> Result<ReplayPart, LogError> {
        if self.ahead.is_none() {
            self.ahead = Some(self.read_on());
        }
        let Some(ahead) = &mut self.ahead else { return Err(LogError::Unavailable("no reader".to_owned())) };
        let read = ahead.await.map_err(|error| LogError::Unavailable(error.to_string()));
        self.ahead = None;
        let (part, place) = read??;
        self.place = place;
        if !part.events.is_empty() {
            let bytes: usize =
                part.events.iter().map(|event| event.payload.get().len() + ENVELOPE_BYTES).sum();
            let fitting = self.batch_bytes / (bytes / part.events.len()).max(1);
            self.limit = fitting.clamp(LIMIT_MIN, LIMIT_MAX).min(self.limit * 2);
        }
        if !part.is_end {
            self.ahead = Some(self.read_on());
        }
        Ok(part)
    }

    fn read_on(&self) -> Reading {
        let (log, place, filter) = (self.log.clone(), self.place.clone(), self.selection.filter.clone());
        let (direction, limit) = (self.selection.direction, self.limit);
        tokio::spawn(async move { place.read(&log, direction, &filter, limit).await })
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ahead.abort();
        }
    }
}
