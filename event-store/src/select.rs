//! What a store without indexes of its own answers by reading on.

use std::collections::BTreeMap;

use crate::{EventLog, LogError, Position, RecordedEvent, StreamId};

/// How many events are read at once.
const BATCH: usize = 1_000;

/// [`EventLog::last_events`] by reading the whole log, with no more than `limit` events in memory besides a batch.
pub(crate) async fn last_events<L: EventLog + ?Sized>(
    log: &L,
    after: Option<&StreamId>,
    aggregate_type: Option<&str>,
    limit: usize,
) -> Result<Vec<RecordedEvent>, LogError> {
    let after = after.map(name);
    let mut next: BTreeMap<(String, String), RecordedEvent> = BTreeMap::new();
    let mut position = Position::START;
    loop {
        let events = log.read(position, BATCH).await?;
        let is_end = events.len() < BATCH;
        if let Some(last) = events.last() {
            position = last.position;
        }
        for event in events {
            let name = name(&event.stream);
            let is_wanted = aggregate_type.is_none_or(|wanted| wanted == name.0)
                && after.as_ref().is_none_or(|after| name > *after);
            if !is_wanted {
                continue;
            }
            let is_full = next.len() >= limit && !next.contains_key(&name);
            if !is_full || next.last_key_value().is_some_and(|(last, _)| name < *last) {
                next.insert(name, event);
                if next.len() > limit {
                    next.pop_last();
                }
            }
        }
        if is_end {
            return Ok(next.into_values().collect());
        }
    }
}

/// A stream's name as streams are ordered by.
fn name(stream: &StreamId) -> (String, String) {
    (stream.aggregate_type.to_string(), stream.aggregate_id.to_string())
}
