//! States of streams, kept beside the log: a cache, so that a long stream need not be read from its beginning.
//!
//! What a state means is its aggregate's matter. A store promises only that it never hands out a state that was taken
//! beyond the log, or after an event that is no longer in it.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{LogError, RecordedEvent, StreamId};

/// The state of a stream after one of its events.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Whose state.
    pub stream: StreamId,
    /// Which form the state has: a number that its aggregate's code gives.
    pub form: u32,
    /// The version of the last event that is in the state.
    pub version: u64,
    /// The command that this event came from: versions alone would not tell a stream from another that a backup has put in
    /// its place.
    pub command_id: Uuid,
    /// JSON.
    pub state: Box<RawValue>,
    /// Of all of the above.
    checksum: [u8; 32],
}

/// Why a state that was kept is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotDamage {
    /// It is not what was written.
    #[error("the checksum is not that of the state")]
    Checksum,
    /// It is what was written, but nothing that can be read. Where, not what: states hold personal data.
    #[error("the state cannot be read: at line {line}, column {column}")]
    Unreadable {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

impl Snapshot {
    /// The state of `stream` after `version`, whose event came from `command_id`.
    pub fn new(stream: StreamId, form: u32, version: u64, command_id: Uuid, state: Box<RawValue>) -> Self {
        let checksum = checksum(&stream, form, version, command_id, &state);
        Self { stream, form, version, command_id, state, checksum }
    }

    /// As it was kept, whether it is whole or not.
    pub(crate) fn kept(
        (stream, form): (&StreamId, u32),
        version: u64,
        command_id: Uuid,
        state: Box<RawValue>,
        checksum: &[u8],
    ) -> Self {
        // A checksum of another length is none that fits.
        let checksum = checksum.try_into().unwrap_or([0; 32]);
        Self { stream: stream.clone(), form, version, command_id, state, checksum }
    }

    pub(crate) fn checksum(&self) -> &[u8] {
        &self.checksum
    }

    /// The state.
    ///
    /// # Errors
    /// [`SnapshotDamage`].
    pub fn read<S: DeserializeOwned>(&self) -> Result<S, SnapshotDamage> {
        if checksum(&self.stream, self.form, self.version, self.command_id, &self.state) != self.checksum {
            return Err(SnapshotDamage::Checksum);
        }
        serde_json::from_str(self.state.get())
            .map_err(|error| SnapshotDamage::Unreadable { line: error.line(), column: error.column() })
    }
}

fn checksum(stream: &StreamId, form: u32, version: u64, command_id: Uuid, state: &RawValue) -> [u8; 32] {
    let mut hash = Sha256::new();
    // Whatever has no length of its own is preceded by it, so that nothing can pass for its neighbour.
    for text in [&*stream.aggregate_type, &stream.aggregate_id.to_string(), state.get()] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(form.to_be_bytes());
    hash.update(version.to_be_bytes());
    hash.update(command_id.as_bytes());
    hash.finalize().into()
}

/// What there is of a stream, read by the shortest way.
#[derive(Clone, Debug, Default)]
pub struct Resumed {
    /// Where to begin, and the event that the state was taken after; `None`: with the first event.
    pub begin: Option<(Snapshot, RecordedEvent)>,
    /// What came after that, in order.
    pub events: Vec<RecordedEvent>,
}

/// A store that keeps states beside its log. What it keeps may be lost at any time.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// The latest state of `stream` in that form and all events after it; all events, when there is none that can be
    /// trusted. Read at one moment.
    async fn resume(&self, stream: &StreamId, form: u32) -> Result<Resumed, LogError>;

    /// Keeps a state instead of an earlier one of its stream, and of all of earlier forms.
    async fn keep(&self, snapshot: Snapshot) -> Result<(), LogError>;

    /// Forgets a state.
    async fn forget(&self, snapshot: &Snapshot) -> Result<(), LogError>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn snapshot(state: &str) -> Snapshot {
        let state = RawValue::from_string(state.to_owned()).unwrap();
        Snapshot::new(StreamId::new("book", "a"), 1, 7, Uuid::from_u128(9), state)
    }

    #[test]
    fn what_is_whole_can_be_read() {
        assert_eq!(snapshot("[1,2]").read::<Vec<u8>>(), Ok(vec![1, 2]));
        assert_eq!(
            snapshot("[1,\"Marie\"]").read::<Vec<u8>>(),
            Err(SnapshotDamage::Unreadable { line: 1, column: 10 })
        );
    }

    #[test]
    fn whatever_changes_is_noticed() {
        let changes: [fn(&mut Snapshot); 6] = [
            |snapshot| snapshot.state = RawValue::from_string("[1,3]".to_owned()).unwrap(),
            |snapshot| snapshot.version = 8,
            |snapshot| snapshot.form = 2,
            |snapshot| snapshot.command_id = Uuid::from_u128(8),
            |snapshot| snapshot.stream = StreamId::new("book", "b"),
            |snapshot| snapshot.checksum[31] ^= 1,
        ];
        for change in changes {
            let mut changed = snapshot("[1,2]");
            change(&mut changed);
            assert_eq!(changed.read::<Vec<u8>>(), Err(SnapshotDamage::Checksum), "{changed:?}");
        }
    }

    #[test]
    fn no_text_passes_for_its_neighbour() {
        let of = |kind: &str, id: &str| {
            Snapshot::new(StreamId::new(kind, id), 1, 1, Uuid::nil(), RawValue::NULL.to_owned()).checksum
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
    }
}
