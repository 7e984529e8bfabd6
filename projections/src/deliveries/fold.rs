//! What each event does to a delivery.

use agrodeep_domain::{
    DeliveryId, Personal,
    delivery::{DeliveryEvent, DeliveryScheduled, DeliveryStatus},
    delivery_track::{PositionsReported, TrackPoint},
};
use agrodeep_event_store::RecordedEvent;

use super::Delivery;

/// The delivery that has been scheduled by `event`.
pub(super) fn scheduled(scheduled: &DeliveryScheduled, event: &RecordedEvent) -> Delivery {
    let at = event.metadata.occurred_at;
    Delivery {
        delivery_id: DeliveryId::from_uuid(event.stream.uuid()),
        tracking_number: scheduled.tracking_number,
        order_id: scheduled.order_id,
        buyer_id: scheduled.buyer_id,
        address: scheduled.address.clone(),
        window: scheduled.window,
        attempt: scheduled.attempt,
        status: DeliveryStatus::Scheduled,
        driver_id: None,
        vehicle: None,
        last_position: None,
        scheduled_at: at,
        assigned_at: None,
        picked_up_at: None,
        transit_started_at: None,
        ended_at: None,
        failure_reason: None,
        signature: None,
        photo: None,
        version: event.version,
        updated_at: at,
    }
}

impl Delivery {
    /// Takes one of the delivery's own events in.
    pub(super) fn apply(&mut self, fact: &DeliveryEvent, event: &RecordedEvent) {
        let at = event.metadata.occurred_at;
        self.version = event.version;
        self.updated_at = at;
        match fact {
            // Has been dealt with: there was no delivery to change.
            DeliveryEvent::DeliveryScheduled(_) => {}
            DeliveryEvent::DriverAssigned(fact) => {
                self.status = DeliveryStatus::Assigned;
                self.driver_id = Some(fact.driver_id);
                self.vehicle.clone_from(&fact.vehicle);
                self.assigned_at = Some(at);
            }
            DeliveryEvent::DeliveryPickedUp(_) => {
                self.status = DeliveryStatus::PickedUp;
                self.picked_up_at = Some(at);
            }
            DeliveryEvent::TransitStarted(_) => {
                self.status = DeliveryStatus::InTransit;
                self.transit_started_at = Some(at);
            }
            DeliveryEvent::DeliveryCompleted(fact) => {
                self.status = DeliveryStatus::Delivered;
                self.ended_at = Some(at);
                self.signature = Some(fact.signature.clone());
                self.photo = Some(fact.photo.clone());
            }
            DeliveryEvent::DeliveryFailed(fact) => {
                self.status = DeliveryStatus::Failed;
                self.ended_at = Some(at);
                self.failure_reason = Some(fact.reason.clone());
            }
            DeliveryEvent::DeliveryCancelled(_) => {
                self.status = DeliveryStatus::Cancelled;
                self.ended_at = Some(at);
            }
        }
    }

    /// Takes a report of its track in: reports may come late, so the latest point by its own time counts.
    pub(super) fn apply_track(&mut self, report: &PositionsReported) {
        let latest = report.points.iter().max_by_key(|point| point.timestamp);
        if let Some(point) = latest
            && self
                .last_position
                .as_ref()
                .is_none_or(|last: &Personal<TrackPoint>| last.timestamp < point.timestamp)
        {
            self.last_position = Some(Personal::new(*point));
        }
    }
}
