//! Is a log consistent with what its clients saw of it? A checker of histories, in the manner of Elle's list-append.
//!
//! Every client writes down what it asks for before it asks, and what it was told once it was told: a history, in the order
//! in which that happened on the machine ([`HistoryFile`] keeps that order over processes). Every event carries a value of
//! its own, so that the final log and every read say exactly which appends they hold. [`check`] takes the history and the
//! final log and names what cannot be.
//!
//! An attempt that was told "unknown", or was never answered, may or may not have taken place; everything else it must have
//! been told rightly.

mod commands;
mod cycles;
mod file;
mod operations;
mod order;
mod reads;

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::file::{HistoryFile, read_history};
use self::operations::Operations;
use crate::RecordedEvent;

/// One line of a history. `id` is of the operation: its answer carries the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A client is about to append.
    Append {
        /// Of this attempt; a command that is tried again has another.
        id: Uuid,
        /// The command's.
        command_id: Uuid,
        /// Where to.
        stream: String,
        /// After which version.
        expected_version: u64,
        /// The payloads, each unique in the log.
        values: Vec<String>,
    },
    /// A client is about to load a stream.
    Load {
        /// Of this load.
        id: Uuid,
        /// Which stream.
        stream: String,
        /// From after this version.
        after_version: u64,
    },
    /// A follower is about to read the log.
    Read {
        /// Of this read.
        id: Uuid,
        /// Who reads: one follower's reads follow on one another.
        follower: String,
        /// From after this position.
        after: i64,
        /// At most so many.
        limit: usize,
    },
    /// What became of it.
    Answered {
        /// Of which operation.
        id: Uuid,
        /// What the client was told.
        answer: Answer,
    },
}

/// What a client was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The append is in the log.
    Appended {
        /// Of its last event.
        position: i64,
        /// Of its last event.
        version: u64,
    },
    /// The stream was at another version; nothing was appended.
    Conflict {
        /// That version.
        actual_version: u64,
    },
    /// The command is in the log, elsewhere.
    AlreadyDone,
    /// Nothing was done.
    Refused,
    /// Nobody knows.
    Unknown,
    /// The payloads of the stream's events.
    Loaded(Vec<String>),
    /// The log's events.
    Read(Vec<Entry>),
}

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the log.
    pub position: i64,
    /// Its stream.
    pub stream: String,
    /// Its place in the stream.
    pub version: u64,
    /// Its command.
    pub command_id: Uuid,
    /// Its payload.
    pub value: String,
}

impl From<&RecordedEvent> for Entry {
    fn from(event: &RecordedEvent) -> Self {
        Self {
            position: event.position.0,
            stream: event.stream.to_string(),
            version: event.version,
            command_id: event.command_id,
            value: event.payload.get().to_owned(),
        }
    }
}

/// What cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Anomaly {
    /// An append that was acknowledged, or said to have been done already, is not in the log.
    Lost,
    /// A command's events are in the log more than once.
    Doubled,
    /// The events of an append that was refused are in the log.
    RefusedButThere,
    /// The log holds what nobody appended.
    OutOfThinAir,
    /// An event is not as it was appended.
    Changed,
    /// A command's events do not stand together, or not all of them are there.
    Torn,
    /// A client was told another place than the one where its events stand.
    Misplaced,
    /// A position is missing, or there twice.
    Hole,
    /// A stream's versions do not count up in the order of positions.
    Disorder,
    /// One append ended before another began, and stands behind it.
    AgainstRealTime,
    /// A read, or a conflict's version, does not know of what had ended before it began.
    Stale,
    /// A read holds what had not yet been asked for.
    FromTheFuture,
    /// What was loaded is no part of the stream from the version asked for.
    NotAPrefix,
    /// A follower went past an event.
    Skipped,
    /// A follower was given an event again.
    Repeated,
    /// A follower was given a later event before an earlier one.
    Reordered,
    /// Appends that each stand before the other (Adya's G0).
    WriteCycle,
    /// No order of the operations agrees both with what each of them saw and with which had ended before which began: the
    /// history is not strictly serializable.
    RealTimeCycle,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which kind.
    pub anomaly: Anomaly,
    /// Where, for people.
    pub what: String,
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What cannot be. Empty: the log is consistent with what its clients saw.
    pub findings: Vec<Finding>,
    /// Attempts to append.
    pub attempts: usize,
    /// Attempts that were acknowledged.
    pub acknowledged: usize,
    /// Attempts told of a conflict.
    pub conflicts: usize,
    /// Attempts told that their command had been done.
    pub already_done: usize,
    /// Attempts told that nothing was done.
    pub refused: usize,
    /// Attempts told "unknown", or never answered.
    pub unknown: usize,
    /// Streams loaded.
    pub loads: usize,
    /// Events that followers were given.
    pub followed: usize,
    /// Events in the log.
    pub events: usize,
}

impl Report {
    /// How many findings are of this kind.
    pub fn count(&self, anomaly: Anomaly) -> usize {
        self.findings.iter().filter(|finding| finding.anomaly == anomaly).count()
    }

    fn found(&mut self, anomaly: Anomaly, what: impl Into<String>) {
        self.findings.push(Finding { anomaly, what: what.into() });
    }
}

/// The counts on one line, then the first few findings.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} attempts: {} acknowledged, {} conflicts, {} already done, {} refused, {} unknown; {} events, {} loads, \
             {} events followed; {} lost, {} doubled, {} skipped, {} other findings",
            self.attempts,
            self.acknowledged,
            self.conflicts,
            self.already_done,
            self.refused,
            self.unknown,
            self.events,
            self.loads,
            self.followed,
            self.count(Anomaly::Lost),
            self.count(Anomaly::Doubled),
            self.count(Anomaly::Skipped),
            self.findings.len()
                - self.count(Anomaly::Lost)
                - self.count(Anomaly::Doubled)
                - self.count(Anomaly::Skipped)
        )?;
        for finding in self.findings.iter().take(10) {
            write!(f, "\n  {:?}: {}", finding.anomaly, finding.what)?;
        }
        Ok(())
    }
}

/// Checks `history`, in the order in which it happened, against the final `log`, in the order in which it is read.
pub fn check(history: &[Record], log: &[Entry]) -> Report {
    let operations = Operations::of(history);
    let mut report = Report { events: log.len(), ..Report::default() };
    operations.count(&mut report);
    order::check_log(log, &mut report);
    commands::check(&operations, log, &mut report);
    order::check_real_time(&operations, history, log, &mut report);
    reads::check(&operations, log, &mut report);
    cycles::check(&operations, history, log, &mut report);
    report
}
