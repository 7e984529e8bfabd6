//! Reading what passes a filter, where the server can help.

use tokio_postgres::types::ToSql;

use super::read::{Reader, query};
use crate::{Direction, EventFilter, LogError, Position, RecordedEvent, Selected, StreamId};

/// How many events one question has the server look at, at the most: a tenth of a second or so.
const WINDOW: i64 = 50_000;

impl Reader {
    pub async fn select(
        &self,
        from: Position,
        direction: Direction,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Selected, LogError> {
        let head = self.head().await?.0;
        let from = from.0.clamp(0, i64::MAX - 1);
        // Positions are dense, and all up to the head are there: what lies between two of them is a known number of events.
        let (after, before) = match direction {
            Direction::Forwards => (from, from.saturating_add(window(filter, limit)).min(head) + 1),
            Direction::Backwards => {
                let before = from.min(head + 1);
                ((before - 1 - window(filter, limit)).max(0), before)
            }
        };
        let correlation = filter.correlation_id.map(|id| id.to_string());
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&after, &before, &filter.aggregate_types, &filter.event_types, &correlation, &most];
        let mut events = query(
            &self.reading,
            |session| match direction {
                Direction::Forwards => &session.select,
                Direction::Backwards => &session.select_back,
            },
            &parameters,
        )
        .await?;
        let is_cut = events.len() >= limit;
        let (reached, is_end) = match (direction, events.last()) {
            (_, Some(last)) if is_cut => (last.position, false),
            (Direction::Forwards, _) => (Position((before - 1).max(from)), before > head),
            (Direction::Backwards, _) => (Position(after + 1), after == 0),
        };
        events.retain(|event| filter.lets_through(event));
        Ok(Selected { events, reached, is_end })
    }

    pub async fn last_events(
        &self,
        after: Option<&StreamId>,
        aggregate_type: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        if limit == 0 {
            return Ok(vec![]);
        }
        // No kind and no id is empty: all come after that.
        let after_type = after.map_or("", |stream| &*stream.aggregate_type);
        let after_id = after.map(|stream| stream.aggregate_id.to_string()).unwrap_or_default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        query(
            &self.reading,
            |session| &session.last_events,
            &[&after_type, &after_id, &aggregate_type, &limit],
        )
        .await
    }
}

/// What the server hands out without looking it hands out all of.
fn window(filter: &EventFilter, limit: usize) -> i64 {
    if filter.spares_the_store() { WINDOW } else { i64::try_from(limit).unwrap_or(WINDOW) }
}
