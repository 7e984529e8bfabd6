//! Why a copy could not be made, in words for the person who asked for it.

use uuid::Uuid;

use crate::{
    LogError, Position, RecordedEvent, StreamId,
    integrity::{LogHash, encode},
};

/// Why a copy could not be made. What was copied stays; copying again goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// The source could not be read.
    #[error("the source: {0}")]
    Source(#[source] LogError),
    /// The target could not be read or appended to.
    #[error("the target: {0}")]
    Target(#[source] LogError),
    /// The target is no copy of the source.
    #[error("the target holds other events than the source: in event {event}, {difference}")]
    OtherEvents {
        /// The first that differs, counted from 1.
        event: u64,
        /// In what.
        difference: String,
    },
    /// The target begins as the source does, and goes on beyond it.
    #[error("the target holds all {events} events of the source and others after them; the first is {next}")]
    TargetHasMore {
        /// How many events the source has.
        events: u64,
        /// What comes after them.
        next: String,
    },
    /// An event is not as a log has it.
    #[error("{stream} version {version} (position {position} of the source) cannot be copied: {why}")]
    CannotBeCopied {
        /// Its stream.
        stream: StreamId,
        /// Its version.
        version: u64,
        /// Its position in the source.
        position: Position,
        /// What is the matter.
        why: String,
    },
    /// The target's stream is not where it must be.
    #[error(
        "the target has {stream} at version {actual_version}, the copy at {expected_version}: either somebody else \
         appends to the target, or the stream's versions in the source are not 1, 2, 3 …"
    )]
    Conflict {
        /// Which stream.
        stream: StreamId,
        /// The version the copy had brought it to.
        expected_version: u64,
        /// The version it is at.
        actual_version: u64,
    },
    /// A command is in the target, elsewhere than in the source.
    #[error(
        "the command {command_id} of {stream} is in the target already, elsewhere: either somebody else appends to the \
         target, or the source has the command twice"
    )]
    CommandTwice {
        /// The command.
        command_id: Uuid,
        /// The stream it has events in.
        stream: StreamId,
    },
    /// The copy was made, but what was read back is something else.
    #[error(
        "the copy is not the same: the source has {source_events} events with the hash {source_hash}, the target \
         {target_events} with {target_hash}"
    )]
    NotTheSame {
        /// How many events the source has.
        source_events: u64,
        /// What they hash to.
        source_hash: LogHash,
        /// How many events the target has.
        target_events: u64,
        /// What they hash to.
        target_hash: LogHash,
    },
}

impl CopyError {
    pub(super) fn cannot_be_copied(event: &RecordedEvent, why: String) -> Self {
        Self::CannotBeCopied {
            stream: event.stream.clone(),
            version: event.version,
            position: event.position,
            why,
        }
    }
}

/// An event as a person finds it again.
pub(super) fn named(event: &RecordedEvent) -> String {
    format!("{} of {} version {}", event.event_type, event.stream, event.version)
}

/// What makes two events different; `None` when they are the same.
pub(super) fn difference(source: &RecordedEvent, target: &RecordedEvent) -> Option<String> {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    encode(source, &mut one);
    encode(target, &mut other);
    if one == other {
        return None;
    }
    let same_place = source.stream == target.stream && source.version == target.version;
    Some(if !same_place || source.event_type != target.event_type {
        format!("the source has {}, the target {}", named(source), named(target))
    } else {
        let what = if source.payload.get() != target.payload.get() {
            "payload"
        } else if source.event_version != target.event_version {
            "event version"
        } else if source.command_id != target.command_id || source.event_id != target.event_id {
            "event id"
        } else {
            "metadata"
        };
        format!("the {what} of {} differs", named(source))
    })
}
