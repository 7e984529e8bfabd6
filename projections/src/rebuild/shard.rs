//! A part of the log: every event about the same aggregate is in the same part, in order.

use crate::{Model, fact::LogEvent, projection::Projection};

/// Which part, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// From 0.
    pub index: u32,
    pub of: u32,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// All parts of a log that is split into so many.
    pub fn all(of: u32) -> impl Iterator<Item = Self> {
        (0..of).map(move |index| Self { index, of })
    }

    pub const fn is_whole(self) -> bool {
        self.of == 1
    }

    /// Under which name it is kept how far it is.
    pub fn checkpoint_name(self, model: Model) -> String {
        format!("{model}/{}", self.index)
    }

    /// Whether an event is in it. What an event is about decides, even when it stands in the stream of something else.
    pub fn has<P: Projection>(self, event: &LogEvent) -> bool {
        if self.is_whole() {
            return true;
        }
        let about = P::subject(event).map_or(event.recorded.stream.uuid(), |subject| subject.uuid());
        // The low bits of an id are random, or a hash, whatever its version.
        let bits = about.as_u128() as u64;
        (bits ^ (bits >> 32)) % u64::from(self.of) == u64::from(self.index)
    }
}
