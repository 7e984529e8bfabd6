//! What an event is to the log: bytes with an envelope.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::StreamId;

/// A place in the log. On Postgres they are 1, 2, 3 … in commit order; other stores may leave holes. 0: before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub i64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Position {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Who caused an event, why, and when. Stored as a JSON object of strings, as `cqrs-es` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who: `buyer:usr_…` or `system:order_fulfilment`.
    pub actor: String,
    /// What belongs together: the same for all that follows from one request.
    pub correlation_id: Uuid,
    /// What caused it: a command's or an event's id.
    pub causation_id: Uuid,
    /// The W3C trace context of the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// When it happened. For what is imported, long before it was recorded. Never decreases within a stream.
    pub occurred_at: DateTime<Utc>,
    /// Anything else.
    #[serde(flatten)]
    pub other: BTreeMap<String, String>,
}

impl Metadata {
    /// Can it be read again once it is written? The reason, when it cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        const OWN: [&str; 5] = ["actor", "correlation_id", "causation_id", "traceparent", "occurred_at"];
        if !self.other.is_empty()
            && let Some(own) = OWN.iter().find(|own| self.other.contains_key(**own))
        {
            return Err(format!("the metadata has a field {own} of its own"));
        }
        // RFC 3339 knows years of four digits.
        if !(0..=9999).contains(&self.occurred_at.year()) {
            return Err(format!("the year {} is not between 0 and 9999", self.occurred_at.year()));
        }
        Ok(())
    }
}

/// An event that is to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event's name.
    pub event_type: Cow<'static, str>,
    /// The version of its form.
    pub event_version: Cow<'static, str>,
    /// JSON, stored byte for byte.
    pub payload: Box<RawValue>,
}

/// An event as it stands in the log.
#[derive(Clone, Debug)]
pub struct RecordedEvent {
    /// Where in the log.
    pub position: Position,
    /// Its own id: time-ordered, unique.
    pub event_id: Uuid,
    /// Whose event.
    pub stream: StreamId,
    /// Its number within the stream, from 1.
    pub version: u64,
    /// Its name.
    pub event_type: String,
    /// The version of its form.
    pub event_version: String,
    /// JSON, byte for byte as it was appended.
    pub payload: Box<RawValue>,
    /// Who, why, when.
    pub metadata: Metadata,
    /// The command it came from.
    pub command_id: Uuid,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
}

/// The id of a command's event: the first has the command's own, the others count on from there. The same in every store.
pub(crate) fn event_id(command_id: Uuid, index: usize) -> Uuid {
    Uuid::from_u128(command_id.as_u128() ^ index as u128)
}
