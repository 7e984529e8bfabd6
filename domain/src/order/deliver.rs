use super::{Order, OrderDelivered, OrderEvent, OrderRefusal, OrderStatus};
use crate::DeliveryId;

/// The buyer has the goods.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliverOrder {
    /// The delivery that brought them.
    pub delivery_id: DeliveryId,
}

impl Order {
    pub(super) fn deliver(&self, command: &DeliverOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Delivered => Ok(vec![]),
            OrderStatus::Shipped => {
                self.expect_delivery(command.delivery_id)?;
                if self.undeliverable {
                    return Err(OrderRefusal::GivenUp);
                }
                Ok(vec![OrderDelivered { delivery_id: command.delivery_id }.into()])
            }
            OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Processing => {
                Err(OrderRefusal::NotShipped)
            }
        }
    }
}
