//! Which versions of streams this process has seen in the log.
//!
//! A stream never gets shorter, so the server need not be asked to prove what has been seen.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;

use crate::StreamId;

/// Of how many streams a log remembers at most which version it has seen.
pub const STREAMS_SEEN_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

/// The highest version seen of each stream, of the streams used last. Clones share it.
#[derive(Clone)]
pub(super) struct SeenVersions(Arc<Mutex<Seen>>);

struct Seen {
    versions: LruCache<StreamId, u64>,
    /// How many connections the log had had by then. A new one may lead to a server that was restored to an earlier time.
    era: u64,
}

impl Default for SeenVersions {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Seen { versions: LruCache::new(STREAMS_SEEN_MAX), era: 0 })))
    }
}

impl SeenVersions {
    /// These versions are in the log.
    pub fn note<'a>(&self, era: u64, seen: impl IntoIterator<Item = (&'a StreamId, u64)>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_of(era) {
            return;
        }
        for (stream, version) in seen {
            if let Some(known) = state.versions.get_mut(stream) {
                *known = version.max(*known);
            } else {
                state.versions.put(stream.clone(), version);
            }
        }
    }

    /// Of `wanted`, the indexes of those that have not been seen.
    pub fn unseen<'a>(
        &self,
        era: u64,
        wanted: impl IntoIterator<Item = (i32, &'a StreamId, u64)>,
    ) -> Vec<i32> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = state.is_of(era);
        let unseen = wanted.into_iter().filter(|(_, stream, version)| {
            !current || state.versions.peek(*stream).is_none_or(|known| known < version)
        });
        unseen.map(|(index, ..)| index).collect()
    }
}

impl Seen {
    /// Forgets what was seen in an earlier era. False: `era` is itself an earlier one.
    fn is_of(&mut self, era: u64) -> bool {
        if era > self.era {
            self.era = era;
            self.versions.clear();
        }
        era == self.era
    }
}
