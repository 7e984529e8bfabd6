//! Every read is a part of the log: nothing skipped, repeated, reordered, changed, half of a command or not yet asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Anomaly, Answer, Entry, Record, Report,
    operations::{Moment, Operations},
};

pub(super) fn check(operations: &Operations, log: &[Entry], report: &mut Report) {
    let mut streams: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in log {
        streams.entry(&entry.stream).or_default().push(entry);
    }
    for stream in streams.values_mut() {
        stream.sort_by_key(|entry| entry.version);
    }
    let asked: HashMap<&str, Moment> = operations
        .commands
        .values()
        .filter_map(|attempts| attempts.first())
        .flat_map(|attempt| attempt.values.iter().map(|value| (value.as_str(), attempt.began)))
        .collect();
    let positions: BTreeMap<i64, &Entry> = log.iter().map(|entry| (entry.position, entry)).collect();
    let mut followers: HashMap<&str, Progress> = HashMap::new();

    for operation in &operations.all {
        let Some((moment, answer)) = operation.answered else { continue };
        let early = |value: &str| asked.get(value).is_some_and(|began| *began > moment);
        match (operation.asked, answer) {
            (Record::Load { stream, after_version, .. }, Answer::Loaded(values)) => {
                let whole = streams.get(stream.as_str()).map_or(&[] as &[&Entry], |stream| stream);
                loaded(stream, *after_version as usize, values, whole, report);
                if let Some(value) = values.iter().find(|value| early(value)) {
                    report.found(Anomaly::FromTheFuture, format!("{stream} with {value}"));
                }
            }
            (Record::Read { follower, after, .. }, Answer::Read(entries)) => {
                let start = || Progress { last: *after, skipped: BTreeSet::new() };
                let progress = followers.entry(follower).or_insert_with(start);
                for entry in entries {
                    followed(follower, progress, entry, &positions, report);
                    if early(&entry.value) {
                        report.found(Anomaly::FromTheFuture, format!("{follower} with {}", entry.value));
                    }
                }
            }
            _ => {}
        }
    }
}

fn loaded(stream: &str, after: usize, values: &[String], whole: &[&Entry], report: &mut Report) {
    let end = after + values.len();
    let part = whole.get(after..end).unwrap_or(&[]);
    if !part.iter().map(|entry| &entry.value).eq(values) {
        report.found(Anomaly::NotAPrefix, format!("{stream}, {} events after version {after}", values.len()));
        return;
    }
    if let (Some(last), Some(next)) = (part.last(), whole.get(end))
        && last.command_id == next.command_id
    {
        let command_id = last.command_id;
        report.found(Anomaly::Torn, format!("{stream} was loaded with a part of command {command_id}"));
    }
}

struct Progress {
    last: i64,
    skipped: BTreeSet<i64>,
}

fn followed(
    follower: &str,
    progress: &mut Progress,
    entry: &Entry,
    positions: &BTreeMap<i64, &Entry>,
    report: &mut Report,
) {
    let (position, last) = (entry.position, progress.last);
    if positions.get(&position).is_none_or(|standing| *standing != entry) {
        report.found(Anomaly::Changed, format!("{follower} saw another event at position {position}"));
    }
    if position > last {
        let skipped = positions.range(last + 1..position).map(|(position, _)| *position);
        let before = progress.skipped.len();
        progress.skipped.extend(skipped);
        if progress.skipped.len() > before {
            report.found(Anomaly::Skipped, format!("{follower} got position {position} next after {last}"));
        }
        progress.last = position;
    } else if progress.skipped.remove(&position) {
        report.found(Anomaly::Reordered, format!("{follower} got position {position} after {last}"));
    } else {
        report.found(Anomaly::Repeated, format!("{follower} got position {position} again, after {last}"));
    }
}
