//! What is in a log, counted.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::ORIGINALLY_RECORDED_AT;
use crate::{AggregateId, LogError, Position, RecordedEvent, SharedLog, StreamId, scan::Scan};

/// How many of the longest streams are named.
const LONGEST: usize = 10;

/// What is in a log.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LogStats {
    /// How many events.
    pub events: u64,
    /// How many streams.
    pub streams: u64,
    /// The bytes of all payloads.
    pub payload_bytes: u64,
    /// The position of the last event.
    pub head: Position,
    /// When the log took its first event. For copied events: when the first log did.
    pub first: Option<DateTime<Utc>>,
    /// When the log took its last event.
    pub last: Option<DateTime<Utc>>,
    /// Of each type of aggregate, those with the most events first.
    pub types: Vec<TypeStats>,
    /// The ten longest streams.
    pub longest: Vec<StreamLength>,
    /// How many events the log took on each day (UTC) on which it took any.
    pub days: BTreeMap<NaiveDate, u64>,
}

/// One type of aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeStats {
    /// Which.
    pub aggregate_type: String,
    /// How many streams.
    pub streams: u64,
    /// How many events.
    pub events: u64,
    /// The bytes of their payloads.
    pub payload_bytes: u64,
}

/// How long a stream is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamLength {
    /// Its name.
    pub stream: String,
    /// How many events it has.
    pub events: u64,
}

#[derive(Default)]
struct OfType {
    events: u64,
    payload_bytes: u64,
    lengths: HashMap<AggregateId, u64>,
}

/// Counts all of `log`, up to its present head. `progress` is told now and then how many events have been read.
///
/// Takes 50 to 100 bytes of memory a stream, more if ids are no UUIDs.
///
/// # Errors
/// [`LogError`] when an event cannot be read; [`verify`](super::verify) tells which.
pub async fn stats(log: &SharedLog, mut progress: impl FnMut(u64) + Send) -> Result<LogStats, LogError> {
    let head = log.head().await?;
    let mut stats = LogStats::default();
    let mut types: HashMap<String, OfType> = HashMap::new();
    let mut scan = Scan::new(log.clone(), Position::START);
    while scan.position() < head {
        let events = scan.next().await?;
        if events.is_empty() {
            break;
        }
        for event in events.iter().take_while(|event| event.position <= head) {
            count(&mut stats, &mut types, event);
        }
        progress(stats.events);
    }
    stats.longest = longest(&types);
    stats.types = types
        .into_iter()
        .map(|(aggregate_type, of_type)| TypeStats {
            aggregate_type,
            streams: of_type.lengths.len() as u64,
            events: of_type.events,
            payload_bytes: of_type.payload_bytes,
        })
        .collect();
    stats.types.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.aggregate_type.cmp(&b.aggregate_type)));
    stats.streams = stats.types.iter().map(|of_type| of_type.streams).sum();
    Ok(stats)
}

fn count(stats: &mut LogStats, types: &mut HashMap<String, OfType>, event: &RecordedEvent) {
    let bytes = event.payload.get().len() as u64;
    let name = &*event.stream.aggregate_type;
    if !types.contains_key(name) {
        types.insert(name.to_owned(), OfType::default());
    }
    if let Some(of_type) = types.get_mut(name) {
        of_type.events += 1;
        of_type.payload_bytes += bytes;
        *of_type.lengths.entry(event.stream.aggregate_id.clone()).or_default() += 1;
    }
    let taken = first_taken(event);
    stats.events += 1;
    stats.payload_bytes += bytes;
    stats.head = event.position;
    stats.first = Some(stats.first.map_or(taken, |first| first.min(taken)));
    stats.last = Some(stats.last.map_or(taken, |last| last.max(taken)));
    *stats.days.entry(taken.date_naive()).or_default() += 1;
}

fn first_taken(event: &RecordedEvent) -> DateTime<Utc> {
    let original = event.metadata.other.get(ORIGINALLY_RECORDED_AT);
    original.and_then(|text| text.parse().ok()).unwrap_or(event.recorded_at)
}

fn longest(types: &HashMap<String, OfType>) -> Vec<StreamLength> {
    let mut longest: Vec<(u64, &str, &AggregateId)> = Vec::with_capacity(2 * LONGEST);
    let before = |a: &(u64, &str, &AggregateId), b: &(u64, &str, &AggregateId)| {
        b.0.cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
    };
    for (name, of_type) in types {
        for (id, events) in &of_type.lengths {
            longest.push((*events, name, id));
            if longest.len() == 2 * LONGEST {
                longest.sort_by(before);
                longest.truncate(LONGEST);
            }
        }
    }
    longest.sort_by(before);
    longest.truncate(LONGEST);
    let named = longest.into_iter().map(|(events, name, id)| StreamLength {
        stream: StreamId::new(name, id.clone()).to_string(),
        events,
    });
    named.collect()
}
