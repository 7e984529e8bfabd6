//! Plan a delivery.

use agrodeep_domain::{
    Delivery, DeliveryId, Order, TrackingNumber,
    delivery::{DeliveryWindow, ScheduleDelivery},
    order::{OrderPlaced, OrderStatus},
};
use chrono::{DateTime, Utc};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::{Refusal, Yield, delivery_id};

pub(crate) fn command(
    placed: &OrderPlaced,
    window: Option<DeliveryWindow>,
    attempt: u32,
    tracking_number: TrackingNumber,
) -> ScheduleDelivery {
    ScheduleDelivery {
        delivery_id: delivery_id(placed.order_id, attempt),
        tracking_number,
        order_id: placed.order_id,
        buyer_id: placed.buyer_id,
        address: placed.shipping_address.reveal().clone(),
        window,
        attempt,
    }
}

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let now = attempt.cause.occurred_at;
    let look = move |order: &Order| {
        (order.status == OrderStatus::Cancelled, planned(order, first_window(order, now)))
    };
    let (cancelled, placed) = attempt.look_at_order(look).await?;
    let (delivery_id, tracking_number) = schedule(attempt, placed, 1, !cancelled).await?;
    Ok(Some(Yield::Delivery { delivery_id, tracking_number }))
}

/// What a delivery is planned from. In a box, as it is carried along by everything that is done for an order.
pub(super) type Planned = Box<(OrderPlaced, Option<DeliveryWindow>)>;

/// A placed order with the window of its delivery.
pub(super) fn planned(order: &Order, window: Option<DeliveryWindow>) -> Option<Planned> {
    order.placed.clone().map(|placed| Box::new((placed, window)))
}

/// The window that was agreed on; else the day that the buyer would like. Where paying took so long that the agreed one is
/// over, the same day of a later week: that is a day on which the producers hand over.
pub(crate) fn first_window(order: &Order, now: DateTime<Utc>) -> Option<DeliveryWindow> {
    match &order.agreed_delivery {
        Some(agreed) if agreed.window.is_over(now) => Some(agreed.window.moved_beyond(now, 7)),
        Some(agreed) => Some(agreed.window),
        None => preferred(order),
    }
}

/// For another attempt, after one has failed at `failed_at`: the next day, at the same hours. Whoever drives has the goods, so
/// it is any day.
pub(super) fn next_window(order: &Order, failed_at: DateTime<Utc>) -> Option<DeliveryWindow> {
    let first = order.agreed_delivery.as_ref().map(|agreed| agreed.window).or_else(|| preferred(order));
    first.map(|window| window.moved_beyond(failed_at, 1))
}

fn preferred(order: &Order) -> Option<DeliveryWindow> {
    order.placed.as_ref()?.preferred_delivery_date.map(DeliveryWindow::of_day)
}

/// Plans the `number`-th delivery, unless that was done before. If it was not, and is no longer `wanted`: refused.
pub(super) async fn schedule(
    attempt: &Attempt<'_>,
    placed: Option<Planned>,
    number: u32,
    wanted: bool,
) -> Result<(DeliveryId, TrackingNumber), Trouble> {
    let id = delivery_id(attempt.order_id(), number);
    let tracking_number = |delivery: &Delivery| delivery.scheduled.as_ref().map(|it| it.tracking_number);
    if !attempt.first
        && let Some(known) = attempt.look(id.uuid(), tracking_number).await?
    {
        return Ok((id, known));
    }
    if !wanted {
        return Err(Trouble::Refused(Refusal::OrderCancelled));
    }
    let Some(planned) = placed else {
        return Err(Trouble::Failed("the order has not been placed".to_owned()));
    };
    let (placed, window) = *planned;
    let new = attempt.services.numbers.tracking(attempt.cause.occurred_at.date_naive()).await?;
    match attempt.execute(id.uuid(), command(&placed, window, number, new), tracking_number).await? {
        Ok(given) => Ok((id, given.unwrap_or(new))),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
