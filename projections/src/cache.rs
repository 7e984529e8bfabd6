//! The rows that a projection is working on: those a batch changes, and those it changed lately.
//!
//! A projection is the only writer of its rows, as long as its checkpoint moves; so what it wrote last is what is there.
//! When a transaction fails, everything is forgotten.

use std::hash::Hash;

use lru::LruCache;

/// What of a row has to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dirt {
    /// Nothing: it is as stored.
    Clean,
    /// Only what changes all the time.
    Progress,
    /// Everything.
    Whole,
}

pub(crate) struct Rows<K: Hash + Eq, R> {
    rows: LruCache<K, (R, Dirt)>,
    changed: Vec<K>,
    kept_max: usize,
}

impl<K: Hash + Eq + Copy, R> Rows<K, R> {
    /// Keeps at most `kept_max` rows between batches.
    pub fn new(kept_max: usize) -> Self {
        Self { rows: LruCache::unbounded(), changed: Vec::new(), kept_max }
    }

    pub fn contains(&self, key: &K) -> bool {
        self.rows.contains(key)
    }

    /// A row as it is stored.
    pub fn loaded(&mut self, key: K, row: R) {
        self.rows.put(key, (row, Dirt::Clean));
    }

    /// A new row.
    pub fn create(&mut self, key: K, row: R) {
        let before = self.rows.put(key, (row, Dirt::Whole));
        if before.is_none_or(|(_, dirt)| dirt == Dirt::Clean) {
            self.changed.push(key);
        }
    }

    pub fn get(&self, key: &K) -> Option<&R> {
        self.rows.peek(key).map(|(row, _)| row)
    }

    /// A row that is going to be changed, and how much of it.
    pub fn change(&mut self, key: &K, dirt: Dirt) -> Option<&mut R> {
        let (row, now) = self.rows.get_mut(key)?;
        if *now == Dirt::Clean {
            self.changed.push(*key);
        }
        *now = dirt.max(*now);
        Some(row)
    }

    /// The rows of which `dirt` has to be written.
    pub fn changed(&self, dirt: Dirt) -> Vec<&R> {
        self.changed
            .iter()
            .filter_map(|key| self.rows.peek(key))
            .filter(|(_, now)| *now == dirt)
            .map(|(row, _)| row)
            .collect()
    }

    /// What was changed has been stored.
    pub fn stored(&mut self) {
        for key in self.changed.drain(..) {
            if let Some((_, dirt)) = self.rows.peek_mut(&key) {
                *dirt = Dirt::Clean;
            }
        }
        while self.rows.len() > self.kept_max {
            self.rows.pop_lru();
        }
    }

    /// What was changed may not have been stored, or somebody else stores.
    pub fn forget(&mut self) {
        self.rows.clear();
        self.changed.clear();
    }
}
