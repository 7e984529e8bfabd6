//! How the read models are, and what is parked in them, for whoever operates them. No content of events.

use agrodeep_event_store::StreamId;
use agrodeep_projections::{
    ModelStatus,
    parking::{Decision, DecisionKind, Outcome, ParkedAggregate, ParkedDetail, ParkedEvent},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// How a read model is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectionView {
    /// Which one.
    #[schema(example = "orders")]
    pub projection: &'static str,
    /// Who works on it, as `host:process`. The index (`search`) is there once for each process that has one.
    #[schema(example = "shop-1:4711")]
    pub instance: Option<String>,
    /// `live` (less than a second behind), `catching_up`, `rebuilding`, `paused`, `standing_by` or `stopped`.
    #[schema(example = "live")]
    pub state: &'static str,
    /// Why it is paused.
    pub why: Option<String>,
    /// Up to which event everything is in.
    #[schema(example = 4180)]
    pub position: i64,
    /// The log's end.
    #[schema(example = 4182)]
    pub head: i64,
    /// How many events are missing.
    #[schema(example = 2)]
    pub events_behind: u64,
    /// Whether it may be more: where positions have holes, only so many are counted.
    pub events_behind_is_minimum: bool,
    /// How long ago the log took the oldest event that is missing; 0: none is.
    #[schema(example = 0.012)]
    pub seconds_behind: f64,
    /// How many events were taken in a second, over the last ten.
    #[schema(example = 120.5)]
    pub events_per_second: f64,
    /// How long until nothing is missing, if it goes on like this; null: that cannot be said.
    pub seconds_to_catch_up: Option<f64>,
    /// How many aggregates are parked: an event of each could not be applied.
    pub parked_aggregates: u64,
    /// How many events are parked with them; of the index they are not counted.
    pub parked_events: Option<u64>,
    /// How many instances stand by.
    pub standing_by: u64,
}

impl From<ModelStatus> for ProjectionView {
    fn from(status: ModelStatus) -> Self {
        // Without `..`: what is new is shown, or it is said here why not.
        let ModelStatus {
            model,
            instance,
            state,
            why,
            position,
            head,
            events_behind,
            events_behind_is_minimum,
            seconds_behind,
            events_per_second,
            seconds_to_catch_up,
            parked_aggregates,
            parked_events,
            standing_by,
        } = status;
        Self {
            projection: model.as_str(),
            instance,
            state: state.as_str(),
            why,
            position: position.0,
            head: head.0,
            events_behind,
            events_behind_is_minimum,
            seconds_behind,
            events_per_second,
            seconds_to_catch_up,
            parked_aggregates,
            parked_events,
            standing_by,
        }
    }
}

/// An aggregate with an event that could not be applied. Its later events wait, everything else goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedView {
    /// In which read model.
    #[schema(example = "orders")]
    pub projection: String,
    /// Which aggregate.
    #[schema(example = "order-01919d2e-6a4b-7c11-9d3e-2f0a55b2c001")]
    pub stream: String,
    /// Where the event stands that could not be applied.
    #[schema(example = 4180)]
    pub position: i64,
    /// Its type.
    #[schema(example = "OrderConfirmed")]
    pub event_type: String,
    /// The kind of error; null: what is left is being applied at this moment.
    #[schema(example = "unknown_version")]
    pub error_class: Option<String>,
    /// The error in words.
    pub error: Option<String>,
    /// When it was parked.
    pub since: DateTime<Utc>,
    /// How many later events wait behind it.
    #[schema(example = 3)]
    pub waiting: u64,
}

impl From<ParkedAggregate> for ParkedView {
    fn from(parked: ParkedAggregate) -> Self {
        Self {
            projection: parked.projection,
            stream: parked.stream.to_string(),
            position: parked.position.0,
            event_type: parked.event_type,
            error_class: parked.error_class,
            error: parked.error,
            since: parked.since,
            waiting: parked.waiting,
        }
    }
}

/// All that is known of an aggregate that is, or was, parked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedDetailView {
    /// In which read model.
    #[schema(example = "orders")]
    pub projection: &'static str,
    /// Which aggregate.
    pub stream: String,
    /// What is parked now; null: nothing any more.
    pub parked: Option<ParkedView>,
    /// The first hundred of its parked events, in order.
    pub events: Vec<ParkedEventView>,
    /// What people have decided about it, latest first.
    pub decisions: Vec<DecisionView>,
}

impl ParkedDetailView {
    /// What is shown of `stream` in `projection`.
    pub fn of(projection: &'static str, stream: &StreamId, detail: ParkedDetail) -> Self {
        Self {
            projection,
            stream: stream.to_string(),
            parked: detail.parked.map(ParkedView::from),
            events: detail.events.into_iter().map(ParkedEventView::from).collect(),
            decisions: detail.decisions.into_iter().map(DecisionView::from).collect(),
        }
    }
}

/// One parked event.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedEventView {
    /// Where it stands in the log.
    pub position: i64,
    /// Its type.
    #[schema(example = "OrderConfirmed")]
    pub event_type: String,
    /// The kind of error; null: it only waits.
    pub error_class: Option<String>,
    /// When it was parked.
    pub parked_at: DateTime<Utc>,
}

impl From<ParkedEvent> for ParkedEventView {
    fn from(event: ParkedEvent) -> Self {
        Self {
            position: event.position.0,
            event_type: event.event_type,
            error_class: event.error_class,
            parked_at: event.parked_at,
        }
    }
}

/// What a person has decided, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionView {
    /// `retry` or `skip`.
    #[schema(example = "skip")]
    pub kind: &'static str,
    /// skip: where the event stands that was left out.
    pub position: Option<i64>,
    /// skip: its type.
    pub event_type: Option<String>,
    /// skip: what was wrong with it.
    pub error_class: Option<String>,
    /// skip: why it could be left out.
    pub reason: Option<String>,
    /// Who.
    #[schema(example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub decided_by: String,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// How many events were applied in consequence.
    pub applied: u64,
    /// `released`, `still_parked` or `not_parked`; null: it has not been carried out yet.
    #[schema(example = "released")]
    pub outcome: Option<&'static str>,
}

impl From<Decision> for DecisionView {
    fn from(decision: Decision) -> Self {
        let (kind, position, reason) = match decision.kind {
            DecisionKind::Retry => ("retry", None, None),
            DecisionKind::Skip { position, reason } => ("skip", Some(position.0), Some(reason)),
        };
        Self {
            kind,
            position,
            event_type: decision.event_type,
            error_class: decision.error_class,
            reason,
            decided_by: decision.decided_by,
            decided_at: decision.decided_at,
            applied: decision.applied,
            outcome: decision.outcome.map(Outcome::as_str),
        }
    }
}
