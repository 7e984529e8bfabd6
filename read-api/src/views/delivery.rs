//! Deliveries as JSON.

use agrodeep_domain::{
    DeliveryId, OrderId, delivery::DeliveryStatus, delivery_track::TrackPoint, order::OrderDelivery,
};
use agrodeep_projections::deliveries::Delivery;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    delivery_terms::WindowView,
    people::{DriverView, People},
    text,
};
use crate::eta;

/// The delivery that brings an order: the latest attempt.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OrderDeliveryView {
    /// Which.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    pub id: DeliveryId,
    /// Its number.
    #[schema(example = "TRK-2024-08-15-0001")]
    pub tracking_number: String,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// `scheduled`, `assigned`, `picked_up`, `in_transit`, `delivered`, `failed` or `cancelled`.
    #[schema(example = "assigned")]
    pub status: &'static str,
    /// Who brings it; null as long as nobody does.
    pub driver: Option<DriverView>,
    /// In what.
    pub vehicle: Option<String>,
    /// From when until when it is to be brought; null: any time.
    pub window: Option<WindowView>,
    /// When the buyer will probably have it.
    pub estimated_delivery_at: Option<DateTime<Utc>>,
    /// When the driver took the goods.
    pub picked_up_at: Option<DateTime<Utc>>,
    /// When it was delivered, failed or was cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed, in the driver's words.
    pub failure_reason: Option<String>,
}

impl OrderDeliveryView {
    /// What the order says of its delivery, and the delivery of itself. The read models move by themselves: the order's may
    /// know of a delivery that the other does not know yet, and which then is scheduled at least.
    pub fn of(
        planned: &OrderDelivery,
        delivery: Option<&Delivery>,
        people: &People,
        estimated_delivery_at: Option<DateTime<Utc>>,
    ) -> Self {
        let status = delivery.map_or(DeliveryStatus::Scheduled, |delivery| delivery.status);
        let driver = delivery.and_then(|delivery| delivery.driver_id);
        Self {
            id: planned.delivery_id,
            tracking_number: text(&planned.tracking_number),
            attempt: planned.attempt,
            status: status.as_str(),
            driver: driver.map(|driver| people.driver(driver)),
            vehicle: delivery.and_then(vehicle),
            window: delivery.and_then(|delivery| delivery.window).map(WindowView::from),
            estimated_delivery_at,
            picked_up_at: delivery.and_then(|delivery| delivery.picked_up_at),
            ended_at: delivery.and_then(|delivery| delivery.ended_at),
            failure_reason: delivery.and_then(failure_reason),
        }
    }
}

/// Where a delivery is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrackView {
    /// Which.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    pub id: DeliveryId,
    /// What is brought.
    #[schema(value_type = String, example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub order_id: OrderId,
    /// Its number.
    #[schema(example = "TRK-2024-08-15-0001")]
    pub tracking_number: String,
    /// `scheduled`, `assigned`, `picked_up`, `in_transit`, `delivered`, `failed` or `cancelled`.
    #[schema(example = "in_transit")]
    pub status: &'static str,
    /// From when until when it is to be brought; null: any time.
    pub window: Option<WindowView>,
    /// Where it was last seen.
    pub last_position: Option<PositionView>,
    /// How many minutes the driver still needs; null when it is not on the way, or not known where.
    pub eta_minutes: Option<u32>,
    /// Who brings it; null as long as nobody does.
    pub driver: Option<DriverView>,
    /// In what.
    #[schema(example = "Renault Kangoo")]
    pub vehicle: Option<String>,
    /// When it, but for its position, last changed.
    pub updated_at: DateTime<Utc>,
    /// The delivery's version, as in `ETag`.
    pub version: u64,
}

/// A point of the track.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct PositionView {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lng: f64,
    /// How exact, as a radius in metres.
    pub accuracy: f64,
    /// When, by the driver's device.
    pub timestamp: DateTime<Utc>,
}

impl From<&TrackPoint> for PositionView {
    fn from(point: &TrackPoint) -> Self {
        Self {
            lat: point.at.latitude,
            lng: point.at.longitude,
            accuracy: point.accuracy_metres,
            timestamp: point.timestamp,
        }
    }
}

impl TrackView {
    /// A delivery for those who may follow it.
    pub fn of(delivery: &Delivery, people: &People) -> Self {
        let seen = delivery.last_position.as_ref();
        let from = seen.filter(|_| delivery.status.on_the_way()).map(|point| point.at);
        let to = delivery.address.location;
        Self {
            id: delivery.delivery_id,
            order_id: delivery.order_id,
            tracking_number: text(&delivery.tracking_number),
            status: delivery.status.as_str(),
            window: delivery.window.map(WindowView::from),
            last_position: seen.map(|point| PositionView::from(point.reveal())),
            eta_minutes: from.zip(to).map(|(from, to)| eta::minutes(from, to)),
            driver: delivery.driver_id.map(|driver| people.driver(driver)),
            vehicle: vehicle(delivery),
            updated_at: delivery.updated_at,
            version: delivery.version,
        }
    }
}

fn vehicle(delivery: &Delivery) -> Option<String> {
    delivery.vehicle.as_deref().cloned()
}

fn failure_reason(delivery: &Delivery) -> Option<String> {
    delivery.failure_reason.as_deref().cloned()
}
