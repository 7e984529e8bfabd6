//! One hash of all that a log says, the same in whichever store it is kept.

use std::{fmt, io::Write, str::FromStr};

use sha2::{Digest, Sha256};

use crate::{Metadata, RecordedEvent};

/// The metadata key under which a copied event keeps the time at which the first log took it (RFC 3339). A store sets
/// `recorded_at` itself, so a copy has another one; this key alone is no part of the hash.
pub const ORIGINALLY_RECORDED_AT: &str = "originally_recorded_at";

/// What a chain begins with: the hash of an empty log is the SHA-256 of this.
const BEGINNING: &[u8] = b"agrodeep event log, hash chain 1";

/// The hash of a log up to some event. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogHash([u8; 32]);

impl LogHash {
    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for LogHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LogHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log's hash has 64 hexadecimal digits")]
pub struct LogHashError;

impl FromStr for LogHash {
    type Err = LogHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(LogHashError);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| LogHashError)?;
        }
        Ok(Self(bytes))
    }
}

/// The running hash of a log, event by event in the log's order.
///
/// Each link is the SHA-256 of the link before it (32 bytes) and of the event's fields in this order, each as its length
/// in bytes (8 bytes, big-endian) and its bytes:
///
/// 1. the aggregate's type, 2. its id as text, 3. the version (8 bytes, big-endian), 4. the event's name, 5. the version
///    of its form, 6. the payload as it is stored, 7. the metadata as JSON without blanks: actor, correlation_id,
///    causation_id, traceparent (if there is one), occurred_at, then all other keys in the order of their bytes, save
///    [`ORIGINALLY_RECORDED_AT`], 8. the event's id (16 bytes), 9. the command's id (16 bytes).
///
/// Positions and `recorded_at` are left out: stores differ in them. The first link follows on the SHA-256 of
/// `agrodeep event log, hash chain 1`.
#[derive(Clone)]
pub struct HashChain {
    link: [u8; 32],
    encoded: Vec<u8>,
}

impl Default for HashChain {
    fn default() -> Self {
        Self { link: Sha256::digest(BEGINNING).into(), encoded: Vec::new() }
    }
}

impl HashChain {
    /// The next event of the log.
    pub fn add(&mut self, event: &RecordedEvent) {
        self.encoded.clear();
        encode(event, &mut self.encoded);
        let mut hash = Sha256::new();
        hash.update(self.link);
        hash.update(&self.encoded);
        self.link = hash.finalize().into();
    }

    /// The hash of what was added so far.
    pub fn hash(&self) -> LogHash {
        LogHash(self.link)
    }
}

/// What of an event is the same in every store. Two events with the same bytes here are the same event.
pub(crate) fn encode(event: &RecordedEvent, out: &mut Vec<u8>) {
    field(out, |out| out.extend_from_slice(event.stream.aggregate_type.as_bytes()));
    field(out, |out| put(out, &event.stream.aggregate_id));
    field(out, |out| out.extend_from_slice(&event.version.to_be_bytes()));
    field(out, |out| out.extend_from_slice(event.event_type.as_bytes()));
    field(out, |out| out.extend_from_slice(event.event_version.as_bytes()));
    field(out, |out| out.extend_from_slice(event.payload.get().as_bytes()));
    field(out, |out| metadata(out, &event.metadata));
    field(out, |out| out.extend_from_slice(event.event_id.as_bytes()));
    field(out, |out| out.extend_from_slice(event.command_id.as_bytes()));
}

fn field(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    write(out);
    let length = (out.len() - start - 8) as u64;
    out[start..start + 8].copy_from_slice(&length.to_be_bytes());
}

fn put(out: &mut Vec<u8>, value: impl fmt::Display) {
    write!(out, "{value}").expect("memory takes everything");
}

fn metadata(out: &mut Vec<u8>, metadata: &Metadata) {
    const WRITES: &str = "strings and times can be written as JSON";
    if metadata.other.contains_key(ORIGINALLY_RECORDED_AT) {
        let mut metadata = metadata.clone();
        metadata.other.remove(ORIGINALLY_RECORDED_AT);
        serde_json::to_writer(out, &metadata).expect(WRITES);
    } else {
        serde_json::to_writer(out, metadata).expect(WRITES);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use crate::{Position, StreamId};

    fn an_event() -> RecordedEvent {
        RecordedEvent {
            position: Position(7),
            event_id: Uuid::from_u128(2),
            stream: StreamId::new("book", "978-2"),
            version: 3,
            event_type: "BookLent".to_owned(),
            event_version: "1".to_owned(),
            payload: RawValue::from_string("{\"BookLent\": {\"to\":\"é\"}}".to_owned()).expect("JSON"),
            metadata: Metadata {
                actor: "system:test".to_owned(),
                correlation_id: Uuid::from_u128(4),
                causation_id: Uuid::from_u128(5),
                traceparent: None,
                occurred_at: DateTime::<Utc>::from_timestamp_micros(1_700_000_000_123_456).expect("a time"),
                other: [("source".to_owned(), "counter".to_owned())].into(),
            },
            command_id: Uuid::from_u128(1),
            recorded_at: DateTime::<Utc>::UNIX_EPOCH,
        }
    }

    fn hash(events: &[RecordedEvent]) -> LogHash {
        let mut chain = HashChain::default();
        for event in events {
            chain.add(event);
        }
        chain.hash()
    }

    /// Worked out in Python from the description above, not by this code.
    #[test]
    fn the_hash_is_what_the_description_says() {
        assert_eq!(hash(&[]).to_string(), "9cd754989b26cdc8f9658d84b3c299881d8ab7be801c53f51483322984c1833e");
        assert_eq!(
            hash(&[an_event()]).to_string(),
            "aee1f9e939f95f6e06c2b73e7859a2ad248fd0c485a70a81025f5a445542b779"
        );
        assert_eq!(
            hash(&[an_event(), an_event()]).to_string(),
            "8df166866c5e1746dc97ad7cdf2cd78a74d25c78db8a3e310ad1b0d448dcf27b"
        );
    }

    #[test]
    fn everything_an_event_says_is_in_the_hash() {
        let changes: [fn(&mut RecordedEvent); 15] = [
            |event| event.event_id = Uuid::from_u128(9),
            |event| event.stream = StreamId::new("boo", "k978-2"),
            |event| event.stream = StreamId::new("book", "978-3"),
            |event| event.version = 4,
            |event| event.event_type = "BookLent1".to_owned(),
            |event| event.event_version = "2".to_owned(),
            |event| (event.event_type, event.event_version) = ("BookLent1".to_owned(), String::new()),
            |event| {
                event.payload =
                    RawValue::from_string("{\"BookLent\":{\"to\":\"é\"}}".to_owned()).expect("JSON");
            },
            |event| event.metadata.actor.push('s'),
            |event| event.metadata.correlation_id = Uuid::from_u128(9),
            |event| event.metadata.causation_id = Uuid::from_u128(9),
            |event| event.metadata.traceparent = Some(String::new()),
            |event| event.metadata.occurred_at += chrono::TimeDelta::nanoseconds(1),
            |event| event.metadata.other.clear(),
            |event| event.command_id = Uuid::from_u128(9),
        ];
        let mut hashes = vec![hash(&[an_event()])];
        for change in changes {
            let mut event = an_event();
            change(&mut event);
            hashes.push(hash(&[event]));
        }
        let all = hashes.len();
        hashes.sort_by_key(LogHash::to_string);
        hashes.dedup();
        assert_eq!(hashes.len(), all);
    }

    #[test]
    fn where_and_when_a_store_took_an_event_is_not_in_the_hash() {
        let mut copied = an_event();
        copied.position = Position(8);
        copied.recorded_at = Utc::now();
        copied.metadata.other.insert(ORIGINALLY_RECORDED_AT.to_owned(), "1970-01-01T00:00:00Z".to_owned());
        assert_eq!(hash(&[copied]), hash(&[an_event()]));
    }

    #[test]
    fn the_order_of_events_is_in_the_hash() {
        let (one, mut other) = (an_event(), an_event());
        other.version = 4;
        assert_ne!(hash(&[one.clone(), other.clone()]), hash(&[other, one]));
    }

    #[test]
    fn a_hash_reads_back() {
        let hash = hash(&[]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<LogHash>(), Err(LogHashError), "{wrong}");
        }
    }
}
