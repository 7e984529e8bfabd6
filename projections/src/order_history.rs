//! Every event that concerns an order, in the order of the log: its own, its stock holds, its payments, its deliveries
//! and their tracks, and the steps of its fulfilment.

mod projection;
mod query;
mod store;

use agrodeep_domain::OrderId;
use agrodeep_event_store::RecordedEvent;

pub(crate) use self::projection::OrderHistoryProjection;

/// An event that concerns an order, exactly as it stands in the log.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// Which order it concerns.
    pub order_id: OrderId,
    /// The event, its payload byte for byte.
    pub event: RecordedEvent,
}
