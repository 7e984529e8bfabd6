use super::{Delivery, DeliveryEvent, DeliveryPickedUp, DeliveryRefusal, DeliveryStatus};
use crate::AccountId;

/// The driver takes the goods. The order must have been shipped first: it decides between shipping and cancelling.
#[derive(Clone, Debug, PartialEq)]
pub struct PickUp {
    /// Who takes them.
    pub driver_id: AccountId,
}

impl Delivery {
    /// Whether `driver_id` could take the goods now, for asking before the order is shipped.
    pub fn can_be_picked_up_by(&self, driver_id: AccountId) -> Result<(), DeliveryRefusal> {
        self.pick_up(&PickUp { driver_id }).map(|_| ())
    }

    pub(super) fn pick_up(&self, command: &PickUp) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.driven_by(command.driver_id)?;
        match self.status {
            DeliveryStatus::Scheduled => Err(DeliveryRefusal::NotAssigned),
            DeliveryStatus::Assigned => Ok(vec![DeliveryPickedUp { driver_id: command.driver_id }.into()]),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => Ok(vec![]),
            DeliveryStatus::Delivered => Err(DeliveryRefusal::AlreadyDelivered),
            DeliveryStatus::Failed => Err(DeliveryRefusal::AlreadyFailed),
            DeliveryStatus::Cancelled => Err(DeliveryRefusal::AlreadyCancelled),
        }
    }
}
