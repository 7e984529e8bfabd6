//! Plan a second delivery after the first has failed on the way.

use agrodeep_domain::{
    Delivery, Order,
    delivery::CancelDelivery,
    order::{OrderStatus, RescheduleDelivery},
};

use super::{
    Attempt, Performed, Trouble,
    schedule_delivery::{next_window, planned, schedule},
};
use crate::order_fulfilment::{Yield, delivery_id};

/// Which delivery the second one is.
const SECOND: u32 = 2;

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let order_id = attempt.order_id();
    let failed_at = attempt.cause.occurred_at;
    let look = move |order: &Order| {
        let wanted = order.status == OrderStatus::Shipped && !order.undeliverable;
        (wanted, planned(order, next_window(order, failed_at)))
    };
    let (wanted, placed) = attempt.look_at_order(look).await?;
    let (delivery_id, tracking_number) = schedule(attempt, placed, SECOND, wanted).await?;
    let command = RescheduleDelivery { failed_delivery_id: failed(attempt), delivery_id, tracking_number };
    match attempt.execute_also::<Order>("order", order_id.uuid(), command).await? {
        Ok(()) => Ok(Some(Yield::Delivery { delivery_id, tracking_number })),
        Err(refusal) => {
            // The order does not want it: nobody is to set out. Once it is under way this changes nothing.
            let _ = attempt.execute_also::<Delivery>("cancel", delivery_id.uuid(), CancelDelivery).await?;
            Err(Trouble::because(&refusal))
        }
    }
}

fn failed(attempt: &Attempt<'_>) -> agrodeep_domain::DeliveryId {
    attempt.state.failed.first().copied().unwrap_or_else(|| delivery_id(attempt.order_id(), 1))
}
