//! How far the work has come: everything below the oldest event that is still being worked on.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use agrodeep_event_store::Position;
use tokio::sync::watch;

#[derive(Default)]
struct Inner {
    read: Position,
    /// The events that are being worked on, each with the position that was read before it.
    open: BTreeMap<Position, Position>,
}

/// The events that are being worked on, and how far the log has been read.
pub(super) struct Progress {
    inner: Mutex<Inner>,
    read: watch::Sender<Position>,
}

impl Progress {
    /// Everything up to `checkpoint` is done.
    pub fn from(checkpoint: Position) -> Self {
        let inner = Inner { read: checkpoint, open: BTreeMap::new() };
        Self { inner: Mutex::new(inner), read: watch::Sender::new(checkpoint) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Work on the event at `position`, which follows `before` in the log, begins. Before [`Self::read_to`] says it was read.
    pub fn begin(&self, before: Position, position: Position) {
        self.inner().open.insert(position, before);
    }

    /// The event at `position` was observed, and everything it led to is done or waits for the clock or a person.
    pub fn finish(&self, position: Position) {
        self.inner().open.remove(&position);
    }

    /// The log was read up to `position`, and work on all that matters has begun.
    pub fn read_to(&self, position: Position) {
        self.inner().read = position;
        self.read.send_replace(position);
    }

    /// Waits until the log has been read up to `position`.
    pub async fn wait_for(&self, position: Position) {
        let mut read = self.read.subscribe();
        // The sender lives as long as this does.
        let _ = read.wait_for(|read| *read >= position).await;
    }

    /// From where a restart has to read again.
    pub fn checkpoint(&self) -> Position {
        let inner = self.inner();
        inner.open.first_key_value().map_or(inner.read, |(_, before)| *before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkpoint_stays_below_the_oldest_event_that_is_being_worked_on() {
        let progress = Progress::from(Position(10));
        assert_eq!(progress.checkpoint(), Position(10));
        progress.begin(Position(11), Position(12));
        progress.begin(Position(14), Position(15));
        progress.read_to(Position(20));
        assert_eq!(progress.checkpoint(), Position(11));
        progress.finish(Position(15));
        assert_eq!(progress.checkpoint(), Position(11), "the later one being done changes nothing");
        progress.finish(Position(12));
        assert_eq!(progress.checkpoint(), Position(20));
    }

    #[test]
    fn the_checkpoint_is_the_position_of_an_event_where_positions_have_holes() {
        let progress = Progress::from(Position(700));
        progress.begin(Position(700), Position(1_912));
        progress.read_to(Position(2_050));
        assert_eq!(progress.checkpoint(), Position(700));
    }
}
