//! Our events in KurrentDB's, and back.
//!
//! The payload is the event's data, byte for byte; the event's type is ours. The metadata is a JSON object: ours, and under
//! `log` what KurrentDB has no place for. By that member our events are told from others'.

use chrono::{DateTime, TimeDelta, Utc};
use kurrentdb::EventData;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Append, LogError, Metadata, NewEvent, Position, RecordedEvent, StreamId, event::event_id};

/// The member of the metadata that only our events have.
const OURS: &str = "log";

#[derive(Serialize)]
struct Written<'a> {
    log: LogPart<'a>,
    #[serde(flatten)]
    metadata: &'a Metadata,
}

#[derive(Serialize)]
struct LogPart<'a> {
    command_id: Uuid,
    event_version: &'a str,
}

#[derive(Deserialize)]
struct Read {
    log: LogPartRead,
    #[serde(flatten)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct LogPartRead {
    command_id: Uuid,
    event_version: String,
}

/// # Errors
/// [`LogError::Invalid`] when a member of the metadata has the name that marks our events.
pub(super) fn check(metadata: &Metadata) -> Result<(), LogError> {
    if metadata.other.contains_key(OURS) {
        return Err(LogError::Invalid(format!("the metadata must have no member {OURS:?}")));
    }
    Ok(())
}

/// An event of `append` for the client.
pub(super) fn event_data(append: &Append, index: usize, event: &NewEvent) -> Result<EventData, LogError> {
    let invalid = |error: serde_json::Error| LogError::Invalid(format!("the metadata: {error}"));
    let log = LogPart { command_id: append.command_id, event_version: &event.event_version };
    let data = EventData::json(&*event.event_type, &event.payload).map_err(invalid)?;
    let data = data.id(event_id(append.command_id, index));
    data.metadata_as_json(&Written { log, metadata: &append.metadata }).map_err(invalid)
}

/// About how many bytes an append takes on the server.
pub(super) fn size(append: &Append) -> usize {
    const OVERHEAD: usize = 600;
    append.events.iter().map(|event| event.payload.get().len() + event.event_type.len() + OVERHEAD).sum()
}

/// The event in one of our streams; `None`: it is not one of ours.
///
/// # Errors
/// [`LogError::Corrupt`] when it is ours and cannot be read.
pub(super) fn recorded(
    stream: &StreamId,
    event: &kurrentdb::RecordedEvent,
) -> Result<Option<RecordedEvent>, LogError> {
    #[derive(Deserialize)]
    struct Mark {
        #[serde(rename = "log")]
        _log: LogPartRead,
    }
    let position = event.position.commit as i64;
    let corrupt = |what: &str, error: &dyn std::fmt::Display| {
        LogError::Corrupt(format!("the {what} of the event at position {position} ({stream}): {error}"))
    };
    if serde_json::from_slice::<Mark>(&event.custom_metadata).is_err() {
        return Ok(None);
    }
    let Read { log, metadata } =
        serde_json::from_slice(&event.custom_metadata).map_err(|error| corrupt("metadata", &error))?;
    let payload = std::str::from_utf8(&event.data).map_err(|error| corrupt("payload", &error))?;
    Ok(Some(RecordedEvent {
        position: Position(position),
        event_id: event.id,
        stream: stream.clone(),
        version: event.revision + 1,
        event_type: event.event_type.clone(),
        event_version: log.event_version,
        payload: RawValue::from_string(payload.to_owned()).map_err(|error| corrupt("payload", &error))?,
        metadata,
        command_id: log.command_id,
        recorded_at: recorded_at(event),
    }))
}

/// The server says it in steps of 100 ns since 1970; the client keeps of that only the seconds.
fn recorded_at(event: &kurrentdb::RecordedEvent) -> DateTime<Utc> {
    let ticks: Option<i64> = event.metadata.get("created").and_then(|ticks| ticks.parse().ok());
    ticks.map_or(event.created, |ticks| DateTime::UNIX_EPOCH + TimeDelta::microseconds(ticks / 10))
}
