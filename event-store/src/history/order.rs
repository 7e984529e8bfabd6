//! The order of the log: dense, versions in the order of positions, and never against the order in which things happened.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::{
    Anomaly, Answer, Entry, Record, Report,
    operations::{Moment, Operation, Operations},
};

pub(super) fn check_log(log: &[Entry], report: &mut Report) {
    let mut versions: BTreeMap<&str, u64> = BTreeMap::new();
    for (expected, entry) in (1_i64..).zip(log) {
        if entry.position != expected {
            report.found(Anomaly::Hole, format!("position {} where {expected} must be", entry.position));
            break;
        }
    }
    for entry in log {
        let version = versions.entry(&entry.stream).or_default();
        if entry.version != *version + 1 {
            report.found(
                Anomaly::Disorder,
                format!(
                    "{} has version {} after {version}, position {}",
                    entry.stream, entry.version, entry.position
                ),
            );
        }
        *version = entry.version;
    }
}

/// What had certainly happened at some moment.
#[derive(Default)]
struct Floor<'a> {
    position: i64,
    versions: HashMap<&'a str, u64>,
}

impl<'a> Floor<'a> {
    fn version(&self, stream: &str) -> u64 {
        self.versions.get(stream).copied().unwrap_or(0)
    }

    fn raise(&mut self, stream: &'a str, version: u64) {
        let known = self.versions.entry(stream).or_default();
        *known = version.max(*known);
    }
}

/// What is known when an operation begins.
#[derive(Clone, Copy)]
struct Known {
    position: i64,
    version: u64,
}

pub(super) fn check_real_time(
    operations: &Operations,
    history: &[Record],
    log: &[Entry],
    report: &mut Report,
) {
    let mut floor = Floor::default();
    let mut known: HashMap<Moment, Known> = HashMap::new();
    for (moment, record) in history.iter().enumerate() {
        match record {
            Record::Append { stream, .. } | Record::Load { stream, .. } => {
                known.insert(moment, Known { position: floor.position, version: floor.version(stream) });
            }
            Record::Read { .. } => {
                known.insert(moment, Known { position: floor.position, version: 0 });
            }
            Record::Answered { id, .. } => {
                if let Some(operation) = operations.get(*id) {
                    answered(operation, known[&operation.began], &mut floor, report);
                }
            }
        }
    }

    // The first event of each command in the log stands behind all that had ended before its first attempt there.
    let mut seen: HashSet<Uuid> = HashSet::new();
    for entry in log {
        if !seen.insert(entry.command_id) {
            continue;
        }
        let attempts = operations.commands.get(&entry.command_id).into_iter().flatten();
        let first =
            attempts.filter(|attempt| attempt.is_for(&entry.stream, entry.version)).map(|it| it.began).min();
        if let Some(before) = first.map(|began| known[&began])
            && (entry.position <= before.position || entry.version <= before.version)
        {
            report.found(
                Anomaly::AgainstRealTime,
                format!(
                    "{} version {} at position {}, though version {} and position {} were there before it was asked for",
                    entry.stream, entry.version, entry.position, before.version, before.position
                ),
            );
        }
    }
}

fn answered<'a>(operation: &Operation<'a>, known: Known, floor: &mut Floor<'a>, report: &mut Report) {
    match (operation.asked, operation.answer()) {
        (Record::Append { stream, .. }, Some(Answer::Appended { position, version })) => {
            floor.position = floor.position.max(*position);
            floor.raise(stream, *version);
        }
        (Record::Append { stream, .. }, Some(Answer::Conflict { actual_version })) => {
            stale(stream, *actual_version, known, report);
            floor.raise(stream, *actual_version);
        }
        (Record::Load { stream, after_version, .. }, Some(Answer::Loaded(values))) => {
            let version = after_version + values.len() as u64;
            // Whoever asks from beyond the end learns nothing of where it is.
            if !values.is_empty() || known.version > *after_version {
                stale(stream, version, known, report);
                floor.raise(stream, version);
            }
        }
        (Record::Read { follower, after, limit, .. }, Some(Answer::Read(entries))) => {
            let last = entries.last().map_or(*after, |entry| entry.position);
            if entries.len() < *limit && last < known.position {
                report.found(
                    Anomaly::Stale,
                    format!(
                        "{follower} found the end at position {last}: {} was there before",
                        known.position
                    ),
                );
            }
            floor.position = floor.position.max(if entries.is_empty() { 0 } else { last });
        }
        _ => {}
    }
}

fn stale(stream: &str, version: u64, known: Known, report: &mut Report) {
    if version < known.version {
        let known = known.version;
        report.found(Anomaly::Stale, format!("{stream} at version {version}: {known} was there before"));
    }
}
