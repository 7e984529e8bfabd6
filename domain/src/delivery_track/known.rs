//! Which points of a track are known, by their time: of a bounded number.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The times of the latest known points, in milliseconds since 1970.
///
/// There are at most [`KNOWN_MAX`]. When there are more, the earliest are forgotten, and what is not later than those counts as
/// known: so nothing is ever recorded twice. What that costs is a point that comes for the first time when [`KNOWN_MAX`] later
/// ones have come before it: it is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct KnownTimes {
    times: BTreeSet<i64>,
    /// The latest time that was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forgotten_until: Option<i64>,
}

/// How many times are remembered: those of ten hours with a point a second.
pub(super) const KNOWN_MAX: usize = 36_000;

impl KnownTimes {
    /// Whether a point of that time is known, or so early that it may be.
    pub fn contains(&self, time: i64) -> bool {
        self.forgotten_until.is_some_and(|until| time <= until) || self.times.contains(&time)
    }

    /// Remembers a time.
    pub fn insert(&mut self, time: i64) {
        self.insert_within(time, KNOWN_MAX);
    }

    fn insert_within(&mut self, time: i64, known_max: usize) {
        if self.contains(time) {
            return;
        }
        self.times.insert(time);
        while self.times.len() > known_max {
            self.forgotten_until = self.times.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn what_was_remembered_is_known() {
        let mut known = KnownTimes::default();
        for time in [5, 1, 5, 3] {
            known.insert(time);
        }
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6].map(|time| known.contains(time)),
            [false, true, false, true, false, true, false]
        );
    }

    #[test]
    fn the_earliest_are_forgotten_and_count_as_known_with_all_before_them() {
        let mut known = KnownTimes::default();
        for time in [10, 20, 30, 40] {
            known.insert_within(time, 2);
        }
        assert_eq!(known.times, [30, 40].into());
        assert_eq!(
            [5, 10, 15, 20, 25, 30].map(|time| known.contains(time)),
            [true, true, true, true, false, true]
        );
    }

    proptest! {
        /// However times come, late, again or out of order.
        #[test]
        fn nothing_is_taken_twice_and_nothing_is_lost_within_the_bound(
            times in vec(-40..40i64, 0..200),
            known_max in 1..60usize,
        ) {
            let mut known = KnownTimes::default();
            let mut taken = BTreeSet::new();
            for time in times {
                let later = taken.range(time + 1..).count();
                if known.contains(time) {
                    prop_assert!(taken.contains(&time) || later >= known_max, "{} is left out", time);
                } else {
                    prop_assert!(taken.insert(time), "{} is taken twice", time);
                    known.insert_within(time, known_max);
                }
                prop_assert!(known.times.len() <= known_max);
            }
        }
    }
}
