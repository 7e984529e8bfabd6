use super::{DeliveryGivenUp, DeliveryRescheduled, Order, OrderEvent, OrderRefusal, OrderStatus};
use crate::{DeliveryId, TrackingNumber};

/// Another delivery tries after one has failed on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct RescheduleDelivery {
    /// The delivery that has failed.
    pub failed_delivery_id: DeliveryId,
    /// The delivery that tries now.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
}

/// Nobody tries again: the goods are written off and the money is given back.
#[derive(Clone, Debug, PartialEq)]
pub struct GiveUpDelivery {
    /// The last delivery that failed.
    pub delivery_id: DeliveryId,
}

impl Order {
    pub(super) fn reschedule_delivery(
        &self,
        command: &RescheduleDelivery,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.expect_shipped()?;
        match self.delivery {
            Some(now) if now.delivery_id == command.delivery_id => Ok(vec![]),
            Some(now) if now.delivery_id == command.failed_delivery_id && self.undeliverable => {
                Err(OrderRefusal::GivenUp)
            }
            Some(now) if now.delivery_id == command.failed_delivery_id => Ok(vec![
                DeliveryRescheduled {
                    delivery_id: command.delivery_id,
                    tracking_number: command.tracking_number,
                    attempt: now.attempt + 1,
                }
                .into(),
            ]),
            _ => Err(OrderRefusal::OtherDelivery),
        }
    }

    pub(super) fn give_up_delivery(&self, command: &GiveUpDelivery) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.expect_shipped()?;
        self.expect_delivery(command.delivery_id)?;
        if self.undeliverable {
            return Ok(vec![]);
        }
        Ok(vec![DeliveryGivenUp { delivery_id: command.delivery_id }.into()])
    }

    fn expect_shipped(&self) -> Result<(), OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Shipped => Ok(()),
            OrderStatus::Delivered => Err(OrderRefusal::AlreadyDelivered),
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Processing => {
                Err(OrderRefusal::NotShipped)
            }
        }
    }
}
