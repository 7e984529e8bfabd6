//! What the double holds, and the rules by which it changes.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use chrono::Utc;
use lru::LruCache;
use serde::Deserialize;
use tokio::sync::watch;
use uuid::Uuid;

/// How many event ids are remembered for appends under *any* version. (KurrentDB bounds them by 8 MB:
/// `CommittedEventsMemCacheLimit` in ESConsts.cs.)
const RECENT_IDS: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// What a soft deletion truncates a stream before: `EventNumber.DeletedStream`, .NET's `long.MaxValue`.
const DELETED: u64 = i64::MAX as u64;

/// An event that somebody wants appended.
pub(super) struct Proposed {
    pub id: Uuid,
    pub event_type: String,
    pub is_json: bool,
    pub custom_metadata: Bytes,
    pub data: Bytes,
}

/// An event that was.
pub(super) struct Record {
    pub position: u64,
    pub stream: String,
    pub number: u64,
    /// In steps of 100 ns since 1970.
    pub created: i64,
    pub event: Proposed,
}

impl std::ops::Deref for Record {
    type Target = Proposed;

    fn deref(&self) -> &Proposed {
        &self.event
    }
}

/// What a writer believes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Any,
    NoStream,
    StreamExists,
    Revision(u64),
}

/// What came of an append.
#[derive(Debug)]
pub(super) enum Written {
    /// It is in the log, now or since it was asked for before: revision and position of its last event.
    Done { revision: u64, position: u64 },
    /// The stream is at another revision.
    Wrong { current: Option<u64> },
    /// The stream was deleted.
    Deleted,
}

#[derive(Default)]
struct Stream {
    /// Of each event, by its number, the place in `records`.
    records: Vec<usize>,
    tombstoned: bool,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(rename = "$tb")]
    truncate_before: Option<u64>,
    #[serde(rename = "$maxCount")]
    max_count: Option<u64>,
}

struct Inner {
    records: Vec<Arc<Record>>,
    streams: HashMap<String, Stream>,
    recent: LruCache<Uuid, (String, u64)>,
    /// Where the next record will be: positions are places in a file, so they grow by the records' sizes.
    end: u64,
}

pub(super) struct Log {
    inner: Mutex<Inner>,
    end: watch::Sender<u64>,
}

/// What a stream's reader finds.
pub(super) enum Found {
    NoStream,
    Deleted,
    /// The revisions that there are, first and last.
    Revisions {
        first: u64,
        last: u64,
    },
}

impl Log {
    pub fn new() -> Self {
        let inner = Inner {
            records: Vec::new(),
            streams: HashMap::new(),
            recent: LruCache::new(RECENT_IDS),
            // The file's header and its first, invisible record: the epoch.
            end: 287,
        };
        let log = Self { inner: Mutex::new(inner), end: watch::Sender::new(0) };
        // What a new database writes by itself.
        log.append("$users", Expected::Any, vec![system_event("$user", "\"admin\"")]);
        log.set_metadata("$user-admin", r#"{"$acl":{"$r":"$admins"}}"#);
        log
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees where the log ends, and that it grows.
    pub fn end(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    pub fn append(&self, stream: &str, expected: Expected, events: Vec<Proposed>) -> Written {
        let mut inner = self.lock();
        let written = match inner.check(stream, expected, &events) {
            Check::Ok => {
                if inner.is_soft_deleted(stream) {
                    // `SoftUndeleteStream` of StorageWriterService.cs: what was deleted stays so, what comes does not.
                    let from = inner.last(stream).map_or(0, |last| last + 1);
                    inner.write(&format!("$${stream}"), metadata_event(&format!("{{\"$tb\":{from}}}")));
                }
                for event in events {
                    inner.write(stream, event);
                }
                inner.last(stream).map(|last| inner.done(stream, last))
            }
            Check::Idempotent { last } => Some(inner.done(stream, last)),
            Check::Wrong => None,
            Check::Deleted => return Written::Deleted,
        };
        let written = written.unwrap_or_else(|| Written::Wrong { current: inner.last(stream) });
        self.end.send_replace(inner.end);
        written
    }

    /// A soft deletion: the stream is truncated before the largest of all revisions.
    pub fn delete(&self, stream: &str, expected: Expected) -> Written {
        let mut inner = self.lock();
        match inner.check(stream, expected, &[]) {
            Check::Ok | Check::Idempotent { .. } => {
                let metadata = metadata_event(&format!("{{\"$tb\":{DELETED}}}"));
                inner.write(&format!("$${stream}"), metadata);
                self.end.send_replace(inner.end);
                Written::Done { revision: DELETED, position: inner.end }
            }
            Check::Wrong => Written::Wrong { current: inner.last(stream) },
            Check::Deleted => Written::Deleted,
        }
    }

    /// A hard deletion: a last event says so, and nothing is ever written again.
    pub fn tombstone(&self, stream: &str, expected: Expected) -> Written {
        let mut inner = self.lock();
        match inner.check(stream, expected, &[]) {
            Check::Ok | Check::Idempotent { .. } => {
                inner.write(stream, system_event("$streamDeleted", "{}"));
                inner.streams.entry(stream.to_owned()).or_default().tombstoned = true;
                self.end.send_replace(inner.end);
                Written::Done { revision: DELETED, position: inner.end }
            }
            Check::Wrong => Written::Wrong { current: inner.last(stream) },
            Check::Deleted => Written::Deleted,
        }
    }

    pub fn set_metadata(&self, stream: &str, metadata: &str) {
        let event = metadata_event(metadata);
        self.append(&format!("$${stream}"), Expected::Any, vec![event]);
    }

    pub fn find(&self, stream: &str) -> Found {
        let inner = self.lock();
        let Some(last) = inner.last(stream) else { return Found::NoStream };
        if inner.streams.get(stream).is_some_and(|stream| stream.tombstoned) {
            return Found::Deleted;
        }
        let Metadata { truncate_before, max_count } = inner.metadata(stream);
        let first = truncate_before.unwrap_or(0);
        if first == DELETED {
            return Found::NoStream;
        }
        let first = first.max(max_count.map_or(0, |count| (last + 1).saturating_sub(count)));
        Found::Revisions { first, last }
    }

    pub fn event(&self, stream: &str, revision: u64) -> Option<Arc<Record>> {
        let inner = self.lock();
        let place = *inner.streams.get(stream)?.records.get(usize::try_from(revision).ok()?)?;
        inner.records.get(place).cloned()
    }

    /// The records that pass from a position on, at most `count`. `None`: no record begins there, nor ends the log.
    pub fn forwards(
        &self,
        from: u64,
        count: usize,
        passes: impl Fn(&Record) -> bool,
    ) -> Option<Vec<Arc<Record>>> {
        let inner = self.lock();
        let first = inner.records.partition_point(|record| record.position < from);
        let is_place = from == 0
            || from >= inner.end
            || inner.records.get(first).is_some_and(|record| record.position == from);
        let records = inner.records[first..].iter().filter(|record| passes(record)).take(count).cloned();
        is_place.then(|| records.collect())
    }

    /// The records that pass before a position, the last first, at most `count`.
    pub fn backwards(&self, before: u64, count: usize, passes: impl Fn(&Record) -> bool) -> Vec<Arc<Record>> {
        let inner = self.lock();
        let end = inner.records.partition_point(|record| record.position < before);
        inner.records[..end].iter().rev().filter(|record| passes(record)).take(count).cloned().collect()
    }

    pub fn event_ids(&self, stream: &str) -> Vec<Uuid> {
        let inner = self.lock();
        let places = inner.streams.get(stream).into_iter().flat_map(|stream| &stream.records);
        places.map(|place| inner.records[*place].id).collect()
    }
}

enum Check {
    Ok,
    /// All of it is there: its last event has this number.
    Idempotent {
        last: u64,
    },
    Wrong,
    Deleted,
}

impl Inner {
    fn last(&self, stream: &str) -> Option<u64> {
        self.streams.get(stream).and_then(|stream| (stream.records.len() as u64).checked_sub(1))
    }

    fn done(&self, stream: &str, revision: u64) -> Written {
        let place = self.streams[stream].records[revision as usize];
        Written::Done { revision, position: self.records[place].position }
    }

    fn metadata(&self, stream: &str) -> Metadata {
        let places = self.streams.get(&format!("$${stream}")).and_then(|stream| stream.records.last());
        let data = places.map(|place| &self.records[*place].data);
        data.and_then(|data| serde_json::from_slice(data).ok()).unwrap_or_default()
    }

    fn is_soft_deleted(&self, stream: &str) -> bool {
        self.metadata(stream).truncate_before == Some(DELETED)
    }

    /// `CheckCommit` of IndexWriter.cs. An append is known again under *any* version as long as its ids are among the
    /// recent ones, and under an exact version for ever, because then the stream itself is looked at. Under a later version
    /// it is not known again.
    fn check(&mut self, stream: &str, expected: Expected, events: &[Proposed]) -> Check {
        let current = self.last(stream);
        if self.streams.get(stream).is_some_and(|stream| stream.tombstoned) {
            return Check::Deleted;
        }
        if expected == Expected::StreamExists {
            if self.is_soft_deleted(stream) {
                return Check::Deleted;
            }
            if current.is_none() && self.last(&format!("$${stream}")).is_none() {
                return Check::Wrong;
            }
        }
        let next = match expected {
            Expected::Any | Expected::StreamExists => {
                let mut last = None;
                for event in events {
                    match self.recent.peek(&event.id) {
                        Some((of, number)) if of == stream => last = Some(*number),
                        // `CorruptedIdempotency`: a part is there. It is answered as a wrong version.
                        _ if last.is_some() => return Check::Wrong,
                        _ => return Check::Ok,
                    }
                }
                return last.map_or(Check::Ok, |last| Check::Idempotent { last });
            }
            Expected::NoStream => 0,
            Expected::Revision(revision) => revision + 1,
        };
        let there = current.map_or(0, |current| current + 1);
        if next > there {
            return Check::Wrong;
        }
        if next == there {
            return Check::Ok;
        }
        for (number, event) in (next..).zip(events) {
            let place = self.streams.get(stream).and_then(|stream| stream.records.get(number as usize));
            if place.is_some_and(|place| self.records[*place].id == event.id) {
                continue;
            }
            let first = number == next;
            if first && expected == Expected::NoStream && self.is_soft_deleted(stream) {
                return Check::Ok;
            }
            return Check::Wrong;
        }
        match events.len() as u64 {
            0 => Check::Wrong,
            count => Check::Idempotent { last: next + count - 1 },
        }
    }

    fn write(&mut self, stream: &str, event: Proposed) {
        let place = self.records.len();
        let of = self.streams.entry(stream.to_owned()).or_default();
        let number = of.records.len() as u64;
        of.records.push(place);
        self.recent.put(event.id, (stream.to_owned(), number));
        let position = self.end;
        let size = event.data.len() + event.custom_metadata.len() + event.event_type.len() + stream.len();
        self.end += 89 + size as u64;
        let created = Utc::now().timestamp_micros() * 10;
        let record = Record { position, stream: stream.to_owned(), number, created, event };
        self.records.push(Arc::new(record));
    }
}

fn system_event(event_type: &str, data: &str) -> Proposed {
    Proposed {
        id: Uuid::now_v7(),
        event_type: event_type.to_owned(),
        is_json: true,
        custom_metadata: Bytes::new(),
        data: Bytes::copy_from_slice(data.as_bytes()),
    }
}

fn metadata_event(metadata: &str) -> Proposed {
    system_event("$metadata", metadata)
}
