//! The ways in which something can break.

use std::time::Duration;

use agrodeep_process_managers::{RetryPolicy, RunnerSettings};
use chrono::TimeDelta;

use super::super::market::settings;

/// How long an attempt is waited for in a test of what takes too long.
const TIME_MAX: Duration = Duration::from_millis(150);
/// How long the answer takes that comes too late.
pub const LATE: Duration = Duration::from_millis(450);
/// After how many attempts a step is parked in a test of what is parked.
const ATTEMPTS_MAX: u32 = 3;

/// A way in which something breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakage {
    /// It is refused for good.
    Refused,
    /// It does not work, twice.
    TechnicalError,
    /// It does not work until it is parked, and a person has it tried once more.
    KeepsFailing,
    /// Nobody answers, and it is not done.
    TimeOut,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is done twice, or told twice.
    DuplicateAnswer,
    /// It is given up, tried again, and the first attempt takes effect after that.
    LateSuccess,
    /// The process dies before.
    KilledBefore,
    /// The process dies after.
    KilledAfter,
    /// The process stands still before, past its lease, until another one has done it.
    PausedBefore,
    /// The same after.
    PausedAfter,
    /// The process stands still before, until another one has seen the whole order to its end.
    PausedToTheEnd,
}

/// What is done to the runner while something breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runners {
    /// Nothing.
    One,
    /// It dies at the point, and another one comes.
    Killed,
    /// It stands still at the point while another one takes over, and goes on when that has done the step.
    Paused,
    /// It stands still until the other one has come to the end.
    PausedToTheEnd,
}

impl Breakage {
    pub const ALL: [Self; 12] = [
        Self::Refused,
        Self::TechnicalError,
        Self::KeepsFailing,
        Self::TimeOut,
        Self::AnswerLost,
        Self::DuplicateAnswer,
        Self::LateSuccess,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::PausedBefore,
        Self::PausedAfter,
        Self::PausedToTheEnd,
    ];
    /// Those of what has no attempts of its own.
    pub const OF_ANSWERS: [Self; 7] = [
        Self::TechnicalError,
        Self::AnswerLost,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::PausedBefore,
        Self::PausedAfter,
        Self::PausedToTheEnd,
    ];

    /// At which side of the place, by which fault and how often it comes about.
    pub fn fault(self) -> (&'static str, String, u32) {
        let (side, fault, times) = match self {
            Self::Refused => ("before", "refused", 1),
            Self::TechnicalError => ("before", "error", 2),
            Self::KeepsFailing => ("before", "error", ATTEMPTS_MAX),
            Self::TimeOut | Self::KilledBefore => ("before", "hang", 1),
            Self::AnswerLost => ("after", "error", 1),
            Self::DuplicateAnswer => ("after", "twice", 1),
            Self::LateSuccess => return ("before", format!("delay:{}", LATE.as_millis()), 1),
            Self::KilledAfter => ("after", "hang", 1),
            Self::PausedBefore | Self::PausedToTheEnd => ("before", "pause", 1),
            Self::PausedAfter => ("after", "pause", 1),
        };
        (side, fault.to_owned(), times)
    }

    pub fn runners(self) -> Runners {
        match self {
            Self::Refused
            | Self::TechnicalError
            | Self::KeepsFailing
            | Self::TimeOut
            | Self::AnswerLost
            | Self::DuplicateAnswer
            | Self::LateSuccess => Runners::One,
            Self::KilledBefore | Self::KilledAfter => Runners::Killed,
            Self::PausedBefore | Self::PausedAfter => Runners::Paused,
            Self::PausedToTheEnd => Runners::PausedToTheEnd,
        }
    }

    /// How the runner works that meets it.
    pub fn settings(self) -> RunnerSettings {
        let attempts_max = if self == Self::KeepsFailing { ATTEMPTS_MAX } else { 50 };
        let retries = RetryPolicy {
            attempts_max,
            first_pause: TimeDelta::milliseconds(10),
            pause_max: TimeDelta::milliseconds(30),
        };
        let in_time = matches!(self, Self::TimeOut | Self::LateSuccess);
        let effect_time_max = if in_time { TIME_MAX } else { Duration::from_secs(60) };
        // One that is paused keeps its lease from nobody, and nobody waiting.
        let stop_time = Duration::from_millis(200);
        RunnerSettings { retries, effect_time_max, stop_time, ..settings() }
    }
}
