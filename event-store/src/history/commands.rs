//! Every command that was acknowledged is in the log once, whole and where it was said to be; none that was refused is.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    Anomaly, Answer, Entry, Report,
    operations::{Attempt, Operations},
};

pub(super) fn check(operations: &Operations, log: &[Entry], report: &mut Report) {
    let mut standing: BTreeMap<Uuid, Vec<&Entry>> = BTreeMap::new();
    for entry in log {
        standing.entry(entry.command_id).or_default().push(entry);
    }
    for (command_id, entries) in &standing {
        if !operations.commands.contains_key(command_id) {
            report.found(
                Anomaly::OutOfThinAir,
                format!("command {command_id} at position {}", entries[0].position),
            );
        }
    }
    for (command_id, attempts) in &operations.commands {
        match standing.get(command_id) {
            None => absent(*command_id, attempts, report),
            Some(entries) => present(*command_id, attempts, entries, report),
        }
    }
}

fn absent(command_id: Uuid, attempts: &[Attempt], report: &mut Report) {
    let told = attempts
        .iter()
        .find(|attempt| matches!(attempt.answer, Answer::Appended { .. } | Answer::AlreadyDone));
    if let Some(attempt) = told {
        report.found(
            Anomaly::Lost,
            format!("command {command_id} on {}, told {:?}", attempt.stream, attempt.answer),
        );
    }
}

fn present(command_id: Uuid, attempts: &[Attempt], entries: &[&Entry], report: &mut Report) {
    let (first, last) = (entries[0], entries[entries.len() - 1]);
    let at = format!("command {command_id} on {}, position {}", first.stream, first.position);

    let values: BTreeSet<_> = entries.iter().map(|entry| &entry.value).collect();
    if values.len() < entries.len() {
        let positions: Vec<_> = entries.iter().map(|entry| entry.position).collect();
        report.found(Anomaly::Doubled, format!("command {command_id} at positions {positions:?}"));
        return;
    }
    let together = entries.windows(2).all(|pair| {
        pair[1].position == pair[0].position + 1
            && pair[1].version == pair[0].version + 1
            && pair[1].stream == pair[0].stream
    });
    let whole = attempts.iter().any(|attempt| attempt.values.len() == entries.len());
    if !together || !whole {
        report.found(Anomaly::Torn, at);
        return;
    }
    let as_asked =
        attempts.iter().any(|attempt| attempt.values.iter().eq(entries.iter().map(|entry| &entry.value)));
    if !as_asked {
        report.found(Anomaly::Changed, at);
        return;
    }

    let here = || attempts.iter().filter(|attempt| attempt.is_for(&first.stream, first.version));
    let may_stand = here().any(|attempt| matches!(attempt.answer, Answer::Appended { .. } | Answer::Unknown));
    // Versions only grow: once a stream is beyond the expected one, no attempt at this place can come to be any more, and one
    // that had would have been recognised.
    let never = here().find(|attempt| {
        matches!(attempt.answer, Answer::Conflict { actual_version } if *actual_version > attempt.expected_version)
    });
    if let Some(attempt) = never.or_else(|| here().find(|_| !may_stand)) {
        report.found(Anomaly::RefusedButThere, format!("{at}, told {:?}", attempt.answer));
    } else if !may_stand {
        report.found(Anomaly::Misplaced, format!("{at}, version {}: never asked for there", first.version));
    }

    for attempt in attempts {
        if let Answer::Appended { position, version } = attempt.answer
            && (*position, *version) != (last.position, last.version)
        {
            let stands = (last.position, last.version);
            report.found(
                Anomaly::Misplaced,
                format!("{at}: told {:?}, stands at {stands:?}", (position, version)),
            );
        }
    }
}
