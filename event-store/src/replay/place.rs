//! Where a replay is, and how it gets to where it begins without reading what lies before.

use chrono::{DateTime, TimeDelta, Utc};

use super::{ReplayPart, Selection};
use crate::{Direction, EventFilter, LogError, Position, SharedLog, StreamId};

/// The clock of a database is set now and then, and then what was recorded later has the earlier time. By no more than this.
const CLOCK_CORRECTION: TimeDelta = TimeDelta::minutes(10);

/// Between what lies ahead, both ends not included.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In the order of all events.
    InLog { after: Position, before: Option<Position> },
    /// In one stream, which is read by its versions: no other stream's events are touched.
    InStream { stream: StreamId, after: u64, before: u64, reached: Position },
}

impl Place {
    pub async fn find(log: &SharedLog, selection: &Selection) -> Result<Self, LogError> {
        let Selection { after, before, direction, filter } = selection;
        if let Some(stream) = &filter.stream {
            return in_stream(log, stream, selection).await;
        }
        let (mut after, mut before) = (*after, *before);
        if log.promises().dense_positions {
            if let Some(since) = filter.recorded_since {
                after = after.max(recorded_before(log, since - CLOCK_CORRECTION).await?);
            }
            if let Some(until) = filter.recorded_until {
                let last = recorded_before(log, until + CLOCK_CORRECTION).await?;
                // Whatever is recorded from now on may still be meant when all that there is was recorded before.
                if last < log.head().await? {
                    before =
                        Some(before.map_or(Position(last.0 + 1), |before| before.min(Position(last.0 + 1))));
                }
            }
        } else if let (Direction::Forwards, true) = (direction, after > Position::START) {
            // Not every number is a position here. The store says so when it is asked.
            log.read(after, 1).await?;
        }
        Ok(Self::InLog { after, before })
    }

    /// Reads on from here. Answers the next place, too.
    pub async fn read(
        self,
        log: &SharedLog,
        direction: Direction,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<(ReplayPart, Self), LogError> {
        match self {
            Self::InLog { after, before } => {
                let from = match direction {
                    Direction::Forwards => after,
                    Direction::Backwards => before.unwrap_or(Position(i64::MAX)),
                };
                let selected = log.select(from, direction, filter, limit).await?;
                let (mut events, mut reached, mut is_end) =
                    (selected.events, selected.reached, selected.is_end);
                match direction {
                    Direction::Forwards => {
                        if let Some(before) = before {
                            events.retain(|event| event.position < before);
                            is_end |= reached.0 >= before.0 - 1;
                            reached = reached.min(Position(before.0 - 1)).max(after);
                        }
                        Ok((ReplayPart { events, reached, is_end }, Self::InLog { after: reached, before }))
                    }
                    Direction::Backwards => {
                        events.retain(|event| event.position > after);
                        is_end |= reached.0 <= after.0 + 1;
                        reached = reached.max(Position(after.0 + 1)).min(from);
                        let part = ReplayPart { events, reached, is_end };
                        Ok((part, Self::InLog { after, before: Some(reached) }))
                    }
                }
            }
            Self::InStream { stream, after, before, reached } => {
                let ahead = before.saturating_sub(after + 1);
                let count = (limit as u64).min(ahead);
                let first = match direction {
                    Direction::Forwards => after,
                    Direction::Backwards => before - 1 - count,
                };
                let mut events = log.load_page(&stream, first, count as usize).await?;
                let is_end = (events.len() as u64) < limit as u64;
                let (after, before) = match direction {
                    Direction::Forwards => (after + events.len() as u64, before),
                    Direction::Backwards => {
                        events.reverse();
                        (after, before - count)
                    }
                };
                let reached = events.last().map_or(reached, |last| last.position);
                events.retain(|event| filter.lets_through(event));
                Ok((
                    ReplayPart { events, reached, is_end },
                    Self::InStream { stream, after, before, reached },
                ))
            }
        }
    }
}

/// The versions of a stream that lie between two positions. A version that is not there yet counts as one that lies behind.
async fn in_stream(log: &SharedLog, stream: &StreamId, selection: &Selection) -> Result<Place, LogError> {
    let Selection { after, before, direction, .. } = selection;
    let first_after = first_version(log, stream, |position| position > *after).await?;
    let end = match (before, direction) {
        (Some(before), _) => first_version(log, stream, |position| position >= *before).await?,
        (None, Direction::Backwards) => first_version(log, stream, |_| false).await?,
        (None, Direction::Forwards) => i64::MAX as u64,
    };
    let reached = match direction {
        Direction::Forwards => *after,
        Direction::Backwards => before.unwrap_or(Position(i64::MAX)),
    };
    Ok(Place::InStream { stream: stream.clone(), after: first_after - 1, before: end, reached })
}

/// The first version whose position `is_wanted`, which all later ones are, too; the one after the last when there is none.
async fn first_version(
    log: &SharedLog,
    stream: &StreamId,
    is_wanted: impl Fn(Position) -> bool,
) -> Result<u64, LogError> {
    let is_before = |version: u64| {
        let is_wanted = &is_wanted;
        async move {
            let event = log.load_page(stream, version - 1, 1).await?;
            Ok::<_, LogError>(event.first().is_some_and(|event| !is_wanted(event.position)))
        }
    };
    let (mut low, mut step) = (0, 1);
    while is_before(low + step).await? {
        low += step;
        step *= 2;
    }
    let mut high = low + step;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_before(middle).await? { low = middle } else { high = middle }
    }
    Ok(high)
}

/// The position of the last event that was recorded before a time, where positions are dense and times grow with them.
async fn recorded_before(log: &SharedLog, time: DateTime<Utc>) -> Result<Position, LogError> {
    let (mut low, mut high) = (0, log.head().await?.0 + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let event = log.read(Position(middle - 1), 1).await?;
        if event.first().is_some_and(|event| event.recorded_at < time) { low = middle } else { high = middle }
    }
    Ok(Position(low))
}
