//! One attempt to bring an order to its buyer, and what happens on the way.

use super::{
    AssignDriver, Delivery, DeliveryCancelled, DeliveryCompleted, DeliveryEvent, DeliveryFailed,
    DeliveryPickedUp, DeliveryScheduled, DeliveryStatus, DeliveryWindow, DriverAssigned, ScheduleDelivery,
    TransitStarted,
};
use crate::{fixtures::*, testing::given};

pub(crate) fn schedule() -> ScheduleDelivery {
    ScheduleDelivery {
        delivery_id: delivery_id(1),
        tracking_number: tracking_number(1),
        order_id: order_id(100),
        buyer_id: buyer(),
        address: address(),
        window: Some(DeliveryWindow::of_day(day())),
        attempt: 1,
    }
}

pub(crate) fn scheduled() -> DeliveryEvent {
    let schedule = schedule();
    DeliveryScheduled {
        delivery_id: schedule.delivery_id,
        tracking_number: schedule.tracking_number,
        order_id: schedule.order_id,
        buyer_id: schedule.buyer_id,
        address: schedule.address.into(),
        window: schedule.window,
        attempt: schedule.attempt,
    }
    .into()
}

pub(crate) fn assign() -> AssignDriver {
    AssignDriver { driver_id: driver(), vehicle: Some("Kangoo AB-123-CD".to_owned()) }
}

pub(crate) fn assigned() -> DeliveryEvent {
    DriverAssigned { driver_id: driver(), vehicle: Some("Kangoo AB-123-CD".to_owned().into()) }.into()
}

pub(crate) fn picked_up() -> DeliveryEvent {
    DeliveryPickedUp { driver_id: driver() }.into()
}

pub(crate) fn in_transit() -> DeliveryEvent {
    TransitStarted {}.into()
}

pub(crate) fn completed() -> DeliveryEvent {
    DeliveryCompleted {
        signature: "J. Martin".to_owned().into(),
        photo: "https://proofs.example/1.jpg".to_owned().into(),
    }
    .into()
}

pub(crate) fn failed() -> DeliveryEvent {
    DeliveryFailed { reason: "Personne à la maison".to_owned().into() }.into()
}

pub(crate) fn cancelled() -> DeliveryEvent {
    DeliveryCancelled {}.into()
}

pub(crate) fn until_assigned() -> Vec<DeliveryEvent> {
    vec![scheduled(), assigned()]
}

pub(crate) fn until_picked_up() -> Vec<DeliveryEvent> {
    and(until_assigned(), picked_up())
}

pub(crate) fn until_in_transit() -> Vec<DeliveryEvent> {
    and(until_picked_up(), in_transit())
}

pub(crate) fn until_completed() -> Vec<DeliveryEvent> {
    and(until_in_transit(), completed())
}

pub(crate) fn until_failed() -> Vec<DeliveryEvent> {
    and(until_in_transit(), failed())
}

pub(crate) fn until_cancelled() -> Vec<DeliveryEvent> {
    and(until_assigned(), cancelled())
}

/// `events` and then `last`.
pub(crate) fn and(mut events: Vec<DeliveryEvent>, last: DeliveryEvent) -> Vec<DeliveryEvent> {
    events.push(last);
    events
}

/// How far a delivery has come after `events`.
pub(crate) fn status(events: Vec<DeliveryEvent>) -> DeliveryStatus {
    given::<Delivery>(events).state().status
}
