//! Which events of the log somebody wants, and in which order.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Position, RecordedEvent, StreamId};

/// The order in which the log is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// As it was written.
    #[default]
    Forwards,
    /// From the last event to the first.
    Backwards,
}

/// What an event must be like. All that is said must hold; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this one stream.
    pub stream: Option<StreamId>,
    /// Of streams of one of these kinds. Empty: of any.
    pub aggregate_types: Vec<String>,
    /// Of one of these names. Empty: of any.
    pub event_types: Vec<String>,
    /// Followed from this request.
    pub correlation_id: Option<Uuid>,
    /// Happened at this time or later.
    pub occurred_since: Option<DateTime<Utc>>,
    /// Happened before this time.
    pub occurred_until: Option<DateTime<Utc>>,
    /// Recorded at this time or later.
    pub recorded_since: Option<DateTime<Utc>>,
    /// Recorded before this time.
    pub recorded_until: Option<DateTime<Utc>>,
}

impl EventFilter {
    /// Whether the event is wanted.
    pub fn lets_through(&self, event: &RecordedEvent) -> bool {
        // Without `..`: a criterion that is not looked at does not compile.
        let Self {
            stream,
            aggregate_types,
            event_types,
            correlation_id,
            occurred_since,
            occurred_until,
            recorded_since,
            recorded_until,
        } = self;
        let occurred_at = event.metadata.occurred_at;
        let named = |names: &[String], name: &str| names.is_empty() || names.iter().any(|one| one == name);
        named(event_types, &event.event_type)
            && named(aggregate_types, &event.stream.aggregate_type)
            && stream.as_ref().is_none_or(|stream| *stream == event.stream)
            && correlation_id.is_none_or(|id| id == event.metadata.correlation_id)
            && occurred_since.is_none_or(|since| occurred_at >= since)
            && occurred_until.is_none_or(|until| occurred_at < until)
            && recorded_since.is_none_or(|since| event.recorded_at >= since)
            && recorded_until.is_none_or(|until| event.recorded_at < until)
    }

    /// Whether a store that looks at kinds, names and correlations by itself has less to hand out.
    pub(crate) fn spares_the_store(&self) -> bool {
        !self.aggregate_types.is_empty() || !self.event_types.is_empty() || self.correlation_id.is_some()
    }
}

/// A part of what was selected.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The events that pass, in the order that was asked for.
    pub events: Vec<RecordedEvent>,
    /// Everything up to here has been looked at: go on from here.
    pub reached: Position,
    /// There was nothing more in this direction.
    pub is_end: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;
    use serde_json::value::RawValue;

    use super::*;
    use crate::Metadata;

    const ORDER: Uuid = Uuid::from_u128(1);
    const REQUEST: Uuid = Uuid::from_u128(2);
    const MOMENT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn event() -> RecordedEvent {
        RecordedEvent {
            position: Position(1),
            event_id: ORDER,
            stream: StreamId::new("order", ORDER),
            version: 1,
            event_type: "OrderPlaced".to_owned(),
            event_version: "1".to_owned(),
            payload: RawValue::NULL.to_owned(),
            metadata: Metadata {
                actor: "test".to_owned(),
                correlation_id: REQUEST,
                causation_id: REQUEST,
                traceparent: None,
                occurred_at: MOMENT,
                other: BTreeMap::new(),
            },
            command_id: REQUEST,
            recorded_at: MOMENT,
        }
    }

    #[test]
    fn each_criterion_lets_through_what_it_names_and_nothing_else() {
        let filter = EventFilter::default;
        let after = MOMENT + TimeDelta::microseconds(1);
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (right, wrong) in [
            (
                EventFilter { stream: Some(StreamId::new("order", ORDER)), ..filter() },
                EventFilter { stream: Some(StreamId::new("product", ORDER)), ..filter() },
            ),
            (
                EventFilter { aggregate_types: names(&["product", "order"]), ..filter() },
                EventFilter { aggregate_types: names(&["product"]), ..filter() },
            ),
            (
                EventFilter { event_types: names(&["OrderPlaced"]), ..filter() },
                EventFilter { event_types: names(&["OrderCancelled", "order"]), ..filter() },
            ),
            (
                EventFilter { correlation_id: Some(REQUEST), ..filter() },
                EventFilter { correlation_id: Some(ORDER), ..filter() },
            ),
            // From a time on that is included, until one that is not.
            (
                EventFilter { occurred_since: Some(MOMENT), ..filter() },
                EventFilter { occurred_since: Some(after), ..filter() },
            ),
            (
                EventFilter { occurred_until: Some(after), ..filter() },
                EventFilter { occurred_until: Some(MOMENT), ..filter() },
            ),
            (
                EventFilter { recorded_since: Some(MOMENT), ..filter() },
                EventFilter { recorded_since: Some(after), ..filter() },
            ),
            (
                EventFilter { recorded_until: Some(after), ..filter() },
                EventFilter { recorded_until: Some(MOMENT), ..filter() },
            ),
        ] {
            assert!(right.lets_through(&event()), "{right:?}");
            assert!(!wrong.lets_through(&event()), "{wrong:?}");
            // One criterion that does not hold is enough.
            let both = EventFilter { aggregate_types: names(&["product"]), ..right };
            assert!(!both.lets_through(&event()), "{both:?}");
        }
        assert!(filter().lets_through(&event()));
    }
}
