//! What a log must do with a batch of appends, written as plainly as can be: a list, searched from its beginning.

use agrodeep_event_store::{Append, AppendOutcome, Appended, Position, StreamId};
use uuid::Uuid;

/// An event as far as the model knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub position: i64,
    pub stream: StreamId,
    pub version: u64,
    pub event_type: String,
    pub payload: String,
    pub event_id: Uuid,
    pub command_id: Uuid,
    pub actor: String,
}

/// A log that began with `base` events of others.
pub struct Model {
    base: i64,
    pub entries: Vec<Entry>,
}

impl Model {
    pub fn new(base: i64) -> Self {
        Self { base, entries: vec![] }
    }

    pub fn version(&self, stream: &StreamId) -> u64 {
        self.entries.iter().filter(|entry| entry.stream == *stream).count() as u64
    }

    fn first_of(&self, command_id: Uuid) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.command_id == command_id)
    }

    fn last_of(&self, command_id: Uuid) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.command_id == command_id)
    }

    /// The verdicts on what is committed together.
    pub fn append(&mut self, batch: &[Append]) -> Vec<AppendOutcome> {
        let mut refused: Vec<StreamId> = vec![];
        let mut verdicts = vec![];
        for append in batch {
            let verdict = self.judge(append, &refused);
            if !matches!(verdict, AppendOutcome::Appended(_)) {
                refused.push(append.stream.clone());
            }
            verdicts.push(verdict);
        }
        verdicts
    }

    fn judge(&mut self, append: &Append, refused: &[StreamId]) -> AppendOutcome {
        let actual_version = self.version(&append.stream);
        let refused = refused.contains(&append.stream);
        if let (Some(first), Some(last)) = (self.first_of(append.command_id), self.last_of(append.command_id))
        {
            let there = first.stream == append.stream
                && first.version == append.expected_version + 1
                && last.version == append.expected_version + append.events.len() as u64;
            return if there && !refused {
                AppendOutcome::Appended(Appended { position: Position(last.position), version: last.version })
            } else {
                AppendOutcome::AlreadyDone
            };
        }
        if refused || append.expected_version != actual_version {
            return AppendOutcome::Conflict { actual_version };
        }
        for (index, event) in append.events.iter().enumerate() {
            self.entries.push(Entry {
                position: self.base + self.entries.len() as i64 + 1,
                stream: append.stream.clone(),
                version: actual_version + 1 + index as u64,
                event_type: event.event_type.to_string(),
                payload: event.payload.get().to_owned(),
                event_id: Uuid::from_u128(append.command_id.as_u128() ^ index as u128),
                command_id: append.command_id,
                actor: append.metadata.actor.clone(),
            });
        }
        AppendOutcome::Appended(Appended {
            position: Position(self.base + self.entries.len() as i64),
            version: self.version(&append.stream),
        })
    }
}
