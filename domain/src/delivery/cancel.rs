use super::{Delivery, DeliveryCancelled, DeliveryEvent, DeliveryRefusal, DeliveryStatus};

/// Call the delivery off before pick-up. Called off already: nothing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct CancelDelivery;

impl Delivery {
    pub(super) fn cancel(&self, _: &CancelDelivery) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.exists()?;
        match self.status {
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Ok(vec![DeliveryCancelled {}.into()]),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => Err(DeliveryRefusal::AlreadyPickedUp),
            DeliveryStatus::Delivered => Err(DeliveryRefusal::AlreadyDelivered),
            DeliveryStatus::Failed => Err(DeliveryRefusal::AlreadyFailed),
            DeliveryStatus::Cancelled => Ok(vec![]),
        }
    }
}
