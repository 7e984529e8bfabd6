//! Which commands are in which streams, as far as this process has read or written them.
//!
//! KurrentDB has no index by command id. What is remembered here are facts that never change, so nothing can be stale, only
//! incomplete: of a stream, all commands up to a version.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use uuid::Uuid;

use crate::StreamId;

/// What is known of a stream.
#[derive(Default)]
struct Stream {
    /// Up to here all commands are known.
    version: u64,
    /// The version of each command's first event.
    commands: HashMap<Uuid, u64>,
}

struct Inner {
    streams: LruCache<StreamId, Stream>,
    commands: usize,
}

/// The commands of the streams that were used last.
pub(super) struct Known {
    inner: Mutex<Inner>,
    /// How many commands and streams are remembered.
    commands_max: usize,
}

impl Known {
    pub fn new(commands_max: usize) -> Self {
        let inner = Inner { streams: LruCache::unbounded(), commands: 0 };
        Self { inner: Mutex::new(inner), commands_max }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to which version `stream` is known.
    pub fn version(&self, stream: &StreamId) -> u64 {
        self.inner().streams.get(stream).map_or(0, |known| known.version)
    }

    /// The version of the first event of a command, if it is known to be in the stream.
    pub fn first_version(&self, stream: &StreamId, command_id: Uuid) -> Option<u64> {
        self.inner().streams.get(stream)?.commands.get(&command_id).copied()
    }

    /// Takes in the stream's events after `after`: of each its version and its command, in order. A gap teaches nothing.
    pub fn learn(&self, stream: &StreamId, after: u64, events: impl IntoIterator<Item = (u64, Uuid)>) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        let known = inner.streams.get_or_insert_mut_ref(stream, Stream::default);
        if after > known.version {
            return;
        }
        let before = known.commands.len();
        for (version, command_id) in events.into_iter().filter(|(version, _)| *version > after) {
            if version > known.version {
                known.commands.entry(command_id).or_insert(version);
                known.version = version;
            }
        }
        inner.commands += known.commands.len() - before;
        while inner.commands + inner.streams.len() > self.commands_max && inner.streams.len() > 1 {
            let Some((_, forgotten)) = inner.streams.pop_lru() else { break };
            inner.commands -= forgotten.commands.len();
        }
    }

    /// Forgets a stream that is not what it was.
    pub fn forget(&self, stream: &StreamId) {
        let mut inner = self.inner();
        if let Some(forgotten) = inner.streams.pop(stream) {
            inner.commands -= forgotten.commands.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(id: u128) -> StreamId {
        StreamId::new("known", Uuid::from_u128(id))
    }

    fn command(id: u128) -> Uuid {
        Uuid::from_u128(id)
    }

    #[test]
    fn a_command_is_known_by_its_first_event() {
        let known = Known::new(100);
        known.learn(&stream(1), 0, [(1, command(1)), (2, command(1)), (3, command(2))]);
        assert_eq!(known.version(&stream(1)), 3);
        assert_eq!(known.first_version(&stream(1), command(1)), Some(1));
        assert_eq!(known.first_version(&stream(1), command(2)), Some(3));
        assert_eq!(known.first_version(&stream(2), command(1)), None);
    }

    #[test]
    fn what_overlaps_is_taken_in_once_and_what_leaves_a_gap_not_at_all() {
        let known = Known::new(100);
        known.learn(&stream(1), 0, [(1, command(1)), (2, command(2))]);
        known.learn(&stream(1), 1, [(2, command(2)), (3, command(3))]);
        assert_eq!(known.version(&stream(1)), 3);
        known.learn(&stream(1), 5, [(6, command(6))]);
        assert_eq!((known.version(&stream(1)), known.first_version(&stream(1), command(6))), (3, None));
    }

    #[test]
    fn memory_is_bounded_and_the_streams_used_last_stay() {
        let known = Known::new(10);
        for id in 0..20 {
            known.learn(&stream(id), 0, (1..=4).map(|version| (version, command(u128::from(version)))));
            assert!(known.inner().commands <= 10);
        }
        assert_eq!(known.version(&stream(19)), 4);
        assert_eq!(known.version(&stream(0)), 0);
        known.forget(&stream(19));
        known.forget(&stream(18));
        assert_eq!(known.inner().commands, 0);
        // One stream may be longer than all that is to be remembered.
        known.learn(&stream(50), 0, (1..=40).map(|version| (version, command(u128::from(version)))));
        assert_eq!(known.version(&stream(50)), 40);
    }
}
