//! How the fulfilment of every order is: its state, where it stands, and since when. The rows are those of the fulfilment's own
//! state machine, so that they cannot say anything else than it does.

mod projection;
mod query;
mod store;

use agrodeep_domain::{OrderId, order_fulfilment::OrderFulfilment};
use agrodeep_event_store::RecordedEvent;
use chrono::{DateTime, Utc};

pub(crate) use self::projection::SagasProjection;
pub use self::query::{SagaFilter, SagaPlace, StepCount};

/// The fulfilment of one order.
#[derive(Clone, Debug, PartialEq)]
pub struct Saga {
    /// Which order.
    pub order_id: OrderId,
    /// Its state.
    pub fulfilment: OrderFulfilment,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Since when it is in this condition and stands where it stands.
    pub since: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
    /// The trace that it began in.
    pub trace_id: Option<String>,
    /// The version of its stream.
    pub version: u64,
}

/// The trace that an event belongs to, as its W3C trace context says.
pub fn trace_id(event: &RecordedEvent) -> Option<&str> {
    event.metadata.traceparent.as_deref()?.split('-').nth(1).filter(|id| id.len() == 32)
}
