//! Folds the deliveries of an order.

use std::collections::BTreeMap;

use agrodeep_domain::{Aggregate, Delivery as State, DeliveryId, delivery::DeliveryEvent};
use agrodeep_event_store::RecordedEvent;
use agrodeep_projections::deliveries::Delivery;
use chrono::{DateTime, Utc};

/// The deliveries of an order that are being folded.
#[derive(Default)]
pub struct DeliveriesThen(BTreeMap<DeliveryId, DeliveryThen>);

#[derive(Default)]
struct DeliveryThen {
    state: State,
    scheduled_at: DateTime<Utc>,
    assigned_at: Option<DateTime<Utc>>,
    picked_up_at: Option<DateTime<Utc>>,
    transit_started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    ended: Option<DeliveryEvent>,
    version: u64,
    updated_at: DateTime<Utc>,
}

impl DeliveriesThen {
    /// Takes in what happened to one of them.
    pub fn apply(&mut self, recorded: &RecordedEvent, event: &DeliveryEvent) {
        let id = DeliveryId::from_uuid(recorded.stream.uuid());
        self.0.entry(id).or_default().apply(recorded, event);
    }

    /// One of them, as readers see it but for where it was last seen.
    pub fn take(mut self, id: DeliveryId) -> Option<Delivery> {
        self.0.remove(&id)?.seen()
    }
}

impl DeliveryThen {
    fn apply(&mut self, recorded: &RecordedEvent, event: &DeliveryEvent) {
        let at = recorded.metadata.occurred_at;
        self.state.apply(event);
        self.version = recorded.version;
        self.updated_at = at;
        match event {
            DeliveryEvent::DeliveryScheduled(_) => self.scheduled_at = at,
            DeliveryEvent::DriverAssigned(_) => self.assigned_at = Some(at),
            DeliveryEvent::DeliveryPickedUp(_) => self.picked_up_at = Some(at),
            DeliveryEvent::TransitStarted(_) => self.transit_started_at = Some(at),
            DeliveryEvent::DeliveryCompleted(_)
            | DeliveryEvent::DeliveryFailed(_)
            | DeliveryEvent::DeliveryCancelled(_) => {
                self.ended_at = Some(at);
                self.ended = Some(event.clone());
            }
        }
    }

    fn seen(self) -> Option<Delivery> {
        let State { scheduled, status, driver_id, vehicle } = self.state;
        let scheduled = scheduled?;
        let (mut failure_reason, mut signature, mut photo) = (None, None, None);
        match self.ended {
            Some(DeliveryEvent::DeliveryFailed(failed)) => failure_reason = Some(failed.reason),
            Some(DeliveryEvent::DeliveryCompleted(completed)) => {
                (signature, photo) = (Some(completed.signature), Some(completed.photo));
            }
            _ => {}
        }
        Some(Delivery {
            delivery_id: scheduled.delivery_id,
            tracking_number: scheduled.tracking_number,
            order_id: scheduled.order_id,
            buyer_id: scheduled.buyer_id,
            address: scheduled.address,
            preferred_date: scheduled.window.map(|window| window.day()),
            attempt: scheduled.attempt,
            status,
            driver_id,
            vehicle,
            last_position: None,
            scheduled_at: self.scheduled_at,
            assigned_at: self.assigned_at,
            picked_up_at: self.picked_up_at,
            transit_started_at: self.transit_started_at,
            ended_at: self.ended_at,
            failure_reason,
            signature,
            photo,
            version: self.version,
            updated_at: self.updated_at,
        })
    }
}
