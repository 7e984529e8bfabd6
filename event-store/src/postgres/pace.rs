//! Whether batches overlap: found out by trying.
//!
//! With a second batch under way the server never waits for us, but each pays the price of a commit for half of those who ask. With
//! one batch at a time that price is shared by all, but the server waits while they ask again. Which is better depends on how
//! long the disk takes, and that changes by the hour. So both are tried for a moment, and the one that gets more done is kept
//! until it is compared again.

use std::time::{Duration, Instant};

/// How many batches may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Two: the next is sent ahead of the last one's verdict.
    Overlapping,
    /// One, of all who ask.
    Together,
}

impl Pace {
    fn other(self) -> Self {
        match self {
            Self::Overlapping => Self::Together,
            Self::Together => Self::Overlapping,
        }
    }
}

/// A window is as long as it takes to see both so many batches and so much time.
const WINDOW_BATCHES: u32 = 32;
const WINDOW: Duration = Duration::from_millis(25);

/// So long after a batch there is no load.
const PAUSE: Duration = Duration::from_millis(5);

/// After so many windows the other pace is tried again: soon when the choice is new, seldom when it has proved itself.
const WINDOWS_KEPT: std::ops::RangeInclusive<u32> = 2..=32;

/// Windows are short and machines noisy: only a disk that is slow makes so much of a difference.
const CLEARLY_MORE: f64 = 1.25;

/// Measures what gets done, and chooses.
pub(super) struct Pacer {
    pace: Pace,
    /// Commands a second in the last window of the pace that was kept, while the other one is tried.
    rival: Option<f64>,
    windows_kept: u32,
    windows_left: u32,
    began: Instant,
    last: Instant,
    batches: u32,
    commands: u64,
}

impl Pacer {
    pub fn new(now: Instant) -> Self {
        Self {
            pace: Pace::Overlapping,
            rival: None,
            windows_kept: *WINDOWS_KEPT.start(),
            windows_left: 1,
            began: now,
            last: now,
            batches: 0,
            commands: 0,
        }
    }

    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// A batch of so many commands, which took so long, is done.
    pub fn done(&mut self, commands: u64, took: Duration, now: Instant) {
        // When nobody asked for anything in between, what was measured says nothing.
        if now.duration_since(self.last) > took + PAUSE {
            self.restart(now);
        }
        self.last = now;
        self.batches += 1;
        self.commands += commands;
        let elapsed = now.duration_since(self.began);
        if self.batches < WINDOW_BATCHES || elapsed < WINDOW {
            return;
        }
        let rate = self.commands as f64 / elapsed.as_secs_f64();
        self.restart(now);
        if let Some(rival) = self.rival.take() {
            let (overlapping, together) = match self.pace {
                Pace::Overlapping => (rate, rival),
                Pace::Together => (rival, rate),
            };
            let kept = self.pace.other();
            self.pace =
                if together > overlapping * CLEARLY_MORE { Pace::Together } else { Pace::Overlapping };
            self.windows_kept = if self.pace == kept {
                (self.windows_kept * 2).min(*WINDOWS_KEPT.end())
            } else {
                *WINDOWS_KEPT.start()
            };
            self.windows_left = self.windows_kept;
            return;
        }
        self.windows_left -= 1;
        if self.windows_left == 0 {
            self.rival = Some(rate);
            self.pace = self.pace.other();
        }
    }

    fn restart(&mut self, now: Instant) {
        self.began = now;
        self.batches = 0;
        self.commands = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Duration = Duration::from_millis(1);

    /// What a pacer settles on when each pace gets so many commands done in a batch of a millisecond.
    fn settles_on(overlapping: u64, together: u64) -> Pace {
        let mut now = Instant::now();
        let mut pacer = Pacer::new(now);
        let mut kept = [0, 0];
        for _ in 0..WINDOW_BATCHES * WINDOWS_KEPT.end() * 4 {
            now += BATCH;
            match pacer.pace() {
                Pace::Overlapping => {
                    kept[0] += 1;
                    pacer.done(overlapping, BATCH, now);
                }
                Pace::Together => {
                    kept[1] += 1;
                    pacer.done(together, BATCH, now);
                }
            }
        }
        if kept[0] > kept[1] { Pace::Overlapping } else { Pace::Together }
    }

    #[test]
    fn the_pace_that_gets_more_done_is_kept() {
        assert_eq!(settles_on(10, 20), Pace::Together);
        assert_eq!(settles_on(20, 10), Pace::Overlapping);
    }

    #[test]
    fn a_change_of_the_disk_is_noticed() {
        let mut now = Instant::now();
        let mut pacer = Pacer::new(now);
        let mut run = |pacer: &mut Pacer, overlapping, together| {
            for _ in 0..WINDOW_BATCHES * WINDOWS_KEPT.end() * 3 {
                now += BATCH;
                let commands = if pacer.pace() == Pace::Overlapping { overlapping } else { together };
                pacer.done(commands, BATCH, now);
            }
        };
        run(&mut pacer, 10, 20);
        assert_eq!((pacer.pace(), pacer.rival), (Pace::Together, None));
        run(&mut pacer, 20, 10);
        assert_eq!((pacer.pace(), pacer.rival), (Pace::Overlapping, None));
    }

    #[test]
    fn idle_time_does_not_count() {
        let mut now = Instant::now();
        let mut pacer = Pacer::new(now);
        for _ in 0..WINDOW_BATCHES - 1 {
            pacer.done(1, BATCH, now);
        }
        now += Duration::from_secs(60);
        pacer.done(1, BATCH, now);
        assert_eq!((pacer.batches, pacer.rival), (1, None));
    }
}
