use super::{Order, OrderEvent, OrderRefusal, OrderShipped, OrderStatus};
use crate::DeliveryId;

/// The driver takes the goods. Whichever of shipping and cancelling comes first wins.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipOrder {
    /// The delivery that takes them.
    pub delivery_id: DeliveryId,
}

impl Order {
    pub(super) fn ship(&self, command: &ShipOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Cancelled => return Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Pending => return Err(OrderRefusal::NotConfirmed),
            _ => self.expect_delivery(command.delivery_id)?,
        }
        match self.status {
            OrderStatus::Shipped | OrderStatus::Delivered => Ok(vec![]),
            _ if !self.ready_for_pickup() => Err(OrderRefusal::NotReadyForPickup),
            _ => Ok(vec![OrderShipped { delivery_id: command.delivery_id }.into()]),
        }
    }

    pub(super) fn expect_delivery(&self, delivery_id: DeliveryId) -> Result<(), OrderRefusal> {
        match self.delivery {
            Some(delivery) if delivery.delivery_id == delivery_id => Ok(()),
            _ => Err(OrderRefusal::OtherDelivery),
        }
    }
}
