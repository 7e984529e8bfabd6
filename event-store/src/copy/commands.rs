//! The commands that a log's events came from, put together again.

use chrono::SecondsFormat;

use super::{Ahead, CopyError};
use crate::{Append, NewEvent, RecordedEvent, event::event_id, integrity::ORIGINALLY_RECORDED_AT};

/// Takes the events of a source command by command.
#[derive(Default)]
pub(super) struct Commands {
    size: usize,
}

impl Commands {
    /// The events of the next command: they stand together in one stream.
    pub async fn next(&mut self, source: &mut Ahead<'_>) -> Result<Option<Vec<RecordedEvent>>, CopyError> {
        let Some(first) = source.next().await? else { return Ok(None) };
        let mut command = Vec::with_capacity(self.size);
        command.push(first);
        while let Some(event) = source.next().await? {
            if event.command_id == command[0].command_id && event.stream == command[0].stream {
                command.push(event);
            } else {
                source.put_back(event);
                break;
            }
        }
        self.size = command.len();
        Ok(Some(command))
    }
}

/// The append that gives these events again.
pub(super) fn append_of(command: Vec<RecordedEvent>, with_recorded_at: bool) -> Result<Append, CopyError> {
    let refuse = |event: &RecordedEvent, why: String| Err(CopyError::cannot_be_copied(event, why));
    for (index, event) in command.iter().enumerate() {
        let id = event_id(event.command_id, index);
        if event.event_id != id {
            let which = index + 1;
            let why = format!(
                "its id is {}, but event {which} of the command {} has {id} in every store",
                event.event_id, event.command_id
            );
            return refuse(event, why);
        }
        if event.version == 0 || event.version != command[0].version + index as u64 {
            return refuse(event, "its version does not follow on the one before it".to_owned());
        }
        if event.metadata != command[0].metadata {
            return refuse(event, "its metadata is not that of the other events of its command".to_owned());
        }
    }
    let mut events = command.into_iter();
    let Some(first) = events.next() else {
        unreachable!("a command has events: `Commands` gives no others");
    };
    let mut metadata = first.metadata.clone();
    if with_recorded_at && !metadata.other.contains_key(ORIGINALLY_RECORDED_AT) {
        let recorded_at = first.recorded_at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        metadata.other.insert(ORIGINALLY_RECORDED_AT.to_owned(), recorded_at);
    }
    Ok(Append {
        stream: first.stream.clone(),
        expected_version: first.version - 1,
        command_id: first.command_id,
        metadata,
        events: std::iter::once(first).chain(events).map(new_event).collect(),
    })
}

fn new_event(event: RecordedEvent) -> NewEvent {
    NewEvent {
        event_type: event.event_type.into(),
        event_version: event.event_version.into(),
        payload: event.payload,
    }
}
