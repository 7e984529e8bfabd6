use super::{Delivery, DeliveryEvent, DeliveryFailed, DeliveryRefusal, DeliveryStatus};
use crate::AccountId;

/// The goods could not be brought.
#[derive(Clone, Debug, PartialEq)]
pub struct FailDelivery {
    /// Who tried.
    pub driver_id: AccountId,
    /// Why not, in the driver's words.
    pub reason: String,
}

impl Delivery {
    pub(super) fn fail(&self, command: &FailDelivery) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.driven_by(command.driver_id)?;
        match self.status {
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Err(DeliveryRefusal::NotPickedUp),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => {
                Ok(vec![DeliveryFailed { reason: command.reason.clone() }.into()])
            }
            DeliveryStatus::Delivered => Err(DeliveryRefusal::AlreadyDelivered),
            DeliveryStatus::Failed => Ok(vec![]),
            DeliveryStatus::Cancelled => Err(DeliveryRefusal::AlreadyCancelled),
        }
    }
}
