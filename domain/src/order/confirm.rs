use super::{Order, OrderConfirmed, OrderEvent, OrderRefusal, OrderStatus, PaymentStatus};
use crate::{DeliveryId, TrackingNumber};

/// Paid, and a delivery is scheduled: producers may begin.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfirmOrder {
    /// The delivery that will bring it.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
}

impl Order {
    pub(super) fn confirm(&self, command: &ConfirmOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Pending if self.payment.status != PaymentStatus::Captured => {
                Err(OrderRefusal::NotPaid)
            }
            OrderStatus::Pending => Ok(vec![
                OrderConfirmed { delivery_id: command.delivery_id, tracking_number: command.tracking_number }
                    .into(),
            ]),
            OrderStatus::Confirmed
            | OrderStatus::Processing
            | OrderStatus::Shipped
            | OrderStatus::Delivered => match self.delivery {
                Some(first) if first.attempt == 1 && first.delivery_id != command.delivery_id => {
                    Err(OrderRefusal::OtherDelivery)
                }
                _ => Ok(vec![]),
            },
        }
    }
}
