//! An order folded from its history, by the same fold that keeps the read model.

use agrodeep_domain::{ProductId, order::OrderEvent};
use agrodeep_event_store::RecordedEvent;

use super::{
    Order,
    fold::{self, stock_of},
};
use crate::{
    error::Unreadable,
    fact::{Fact, LogEvent},
};

/// The order after those of its `events` that are given, in the order of the log: its own, and those of its stock. Others
/// are passed over. `None`: it has not been placed by then.
///
/// # Errors
/// [`Unreadable`] names the event that cannot be read.
pub fn replay<'e>(events: impl IntoIterator<Item = &'e RecordedEvent>) -> Result<Option<Order>, Unreadable> {
    let mut order: Option<Order> = None;
    for event in events {
        if !matters(event) {
            continue;
        }
        let event = LogEvent::new(event.clone());
        match (event.fact().map_err(|_| Unreadable(event.position()))?, &mut order) {
            (Fact::Order(OrderEvent::OrderPlaced(placed)), _) => {
                order = Some(fold::placed(placed, &event.recorded));
            }
            (Fact::Order(fact), Some(order)) => {
                order.apply(fact, &event.recorded);
            }
            (Fact::Product(fact), Some(order)) => {
                if let Some((order_id, step)) = stock_of(fact)
                    && order_id == order.order_id
                {
                    let product_id = ProductId::from_uuid(event.recorded.stream.uuid());
                    order.apply_stock(product_id, step, &event.recorded);
                }
            }
            _ => {}
        }
    }
    Ok(order)
}

fn matters(event: &RecordedEvent) -> bool {
    use crate::projection::Projection as _;
    super::OrdersProjection::wants(event)
}
