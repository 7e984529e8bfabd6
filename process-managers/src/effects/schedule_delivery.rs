//! Plan a delivery.

use agrodeep_domain::{
    Delivery, DeliveryId, Order, TrackingNumber,
    delivery::ScheduleDelivery,
    order::{OrderPlaced, OrderStatus},
};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::{Refusal, Yield, delivery_id};

pub(crate) fn command(
    placed: &OrderPlaced,
    attempt: u32,
    tracking_number: TrackingNumber,
) -> ScheduleDelivery {
    ScheduleDelivery {
        delivery_id: delivery_id(placed.order_id, attempt),
        tracking_number,
        order_id: placed.order_id,
        buyer_id: placed.buyer_id,
        address: placed.shipping_address.reveal().clone(),
        preferred_date: placed.preferred_delivery_date,
        attempt,
    }
}

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let look = |order: &Order| (order.status == OrderStatus::Cancelled, order.placed.clone());
    let (cancelled, placed) = attempt.look_at_order(look).await?;
    let (delivery_id, tracking_number) = schedule(attempt, placed, 1, !cancelled).await?;
    Ok(Some(Yield::Delivery { delivery_id, tracking_number }))
}

/// Plans the `number`-th delivery, unless that was done before. If it was not, and is no longer `wanted`: refused.
pub(super) async fn schedule(
    attempt: &Attempt<'_>,
    placed: Option<OrderPlaced>,
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
    let Some(placed) = placed else {
        return Err(Trouble::Failed("the order has not been placed".to_owned()));
    };
    let new = attempt.services.numbers.tracking(attempt.cause.occurred_at.date_naive()).await?;
    match attempt.execute(id.uuid(), command(&placed, number, new), tracking_number).await? {
        Ok(given) => Ok((id, given.unwrap_or(new))),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
