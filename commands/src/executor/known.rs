//! A state in memory, and what else of its stream commands are decided on.

use agrodeep_domain::{Aggregate, evolution};
use agrodeep_event_store::{LogError, Position, RecordedEvent};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Versioned;

/// A state in memory, with the time and the command of the stream's last event.
#[derive(Clone)]
pub(super) struct Known<A> {
    pub now: Versioned<A>,
    pub last_occurred_at: DateTime<Utc>,
    pub last_command_id: Uuid,
    /// The version of the state that was last kept beside the log, as far as this process knows.
    pub kept_version: u64,
}

impl<A: Aggregate> Default for Known<A> {
    fn default() -> Self {
        let now = Versioned { state: A::default(), version: 0, position: Position::START };
        Self {
            now,
            last_occurred_at: DateTime::<Utc>::MIN_UTC,
            last_command_id: Uuid::nil(),
            kept_version: 0,
        }
    }
}

impl<A: Aggregate> Known<A> {
    /// Begins with a state that was kept after `event`.
    pub fn begin_with(&mut self, state: A, event: &RecordedEvent) {
        self.now.state = state;
        self.kept_version = event.version;
        self.stand_at(event);
    }

    /// Takes in what the log has after it.
    pub fn take_in(&mut self, events: &[RecordedEvent]) -> Result<(), LogError> {
        for event in events {
            self.now.state.apply(&decode::<A>(event)?);
            self.stand_at(event);
        }
        Ok(())
    }

    fn stand_at(&mut self, event: &RecordedEvent) {
        self.now.version = event.version;
        self.now.position = event.position;
        self.last_occurred_at = self.last_occurred_at.max(event.metadata.occurred_at);
        self.last_command_id = event.command_id;
    }
}

/// The event in the form of today.
pub(super) fn decode<A: Aggregate>(event: &RecordedEvent) -> Result<A::Event, LogError> {
    evolution::read(&event.event_type, &event.event_version, event.payload.get())
        .map_err(|error| LogError::Corrupt(format!("the event at position {}: {error}", event.position)))
}
