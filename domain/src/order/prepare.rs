use super::{LinesPrepared, Order, OrderEvent, OrderRefusal, OrderStatus};
use crate::AccountId;

/// A producer has prepared its lines of a confirmed order.
#[derive(Clone, Debug, PartialEq)]
pub struct PrepareLines {
    /// Which producer.
    pub producer_id: AccountId,
}

impl Order {
    pub(super) fn prepare(&self, command: &PrepareLines) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        let producers = self.producers();
        if !producers.contains(&command.producer_id) {
            return Err(OrderRefusal::NotYours);
        }
        if self.prepared_by.contains(&command.producer_id) && self.status != OrderStatus::Cancelled {
            return Ok(vec![]);
        }
        match self.status {
            OrderStatus::Pending => Err(OrderRefusal::NotConfirmed),
            OrderStatus::Confirmed | OrderStatus::Processing => {
                let ready_for_pickup = self.prepared_by.len() + 1 == producers.len();
                Ok(vec![LinesPrepared { producer_id: command.producer_id, ready_for_pickup }.into()])
            }
            OrderStatus::Shipped => Err(OrderRefusal::AlreadyShipped),
            OrderStatus::Delivered => Err(OrderRefusal::AlreadyDelivered),
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
        }
    }
}
