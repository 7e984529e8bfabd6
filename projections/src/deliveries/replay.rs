//! Deliveries folded from a history, by the same fold that keeps the read model.

use std::collections::BTreeMap;

use agrodeep_domain::{DeliveryId, delivery::DeliveryEvent, delivery_track::DeliveryTrackEvent};
use agrodeep_event_store::RecordedEvent;

use super::{Delivery, fold};
use crate::{
    error::Unreadable,
    fact::{Fact, LogEvent},
    projection::Projection as _,
};

/// The deliveries that `events` tell of, given in the order of the log: their own, and those of their tracks. Others are
/// passed over.
///
/// # Errors
/// [`Unreadable`] names the event that cannot be read.
pub fn replay<'e>(
    events: impl IntoIterator<Item = &'e RecordedEvent>,
) -> Result<BTreeMap<DeliveryId, Delivery>, Unreadable> {
    let mut deliveries = BTreeMap::new();
    for event in events {
        if !super::DeliveriesProjection::wants(event) {
            continue;
        }
        let event = LogEvent::new(event.clone());
        let id = DeliveryId::from_uuid(event.recorded.stream.uuid());
        match event.fact().map_err(|_| Unreadable(event.position()))? {
            Fact::Delivery(DeliveryEvent::DeliveryScheduled(scheduled)) => {
                deliveries.insert(id, fold::scheduled(scheduled, &event.recorded));
            }
            Fact::Delivery(fact) => {
                if let Some(delivery) = deliveries.get_mut(&id) {
                    delivery.apply(fact, &event.recorded);
                }
            }
            Fact::Track(DeliveryTrackEvent::PositionsReported(report)) => {
                if let Some(delivery) = deliveries.get_mut(&report.delivery_id) {
                    delivery.apply_track(report);
                }
            }
            Fact::Account(_) | Fact::Product(_) | Fact::Order(_) | Fact::Fulfilment(_) => {}
        }
    }
    Ok(deliveries)
}
