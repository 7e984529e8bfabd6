use std::fmt;

use super::{Delivery, DeliveryEvent, DeliveryFailed, DeliveryRefusal, DeliveryStatus};
use crate::{AccountId, Personal};

/// The goods could not be brought.
#[derive(Clone, PartialEq)]
pub struct FailDelivery {
    /// Who tried.
    pub driver_id: AccountId,
    /// Why not, in the driver's words.
    pub reason: String,
}

/// Personal data stays hidden.
impl fmt::Debug for FailDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailDelivery").field("driver_id", &self.driver_id).finish_non_exhaustive()
    }
}

impl Delivery {
    pub(super) fn fail(&self, command: &FailDelivery) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.driven_by(command.driver_id)?;
        match self.status {
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Err(DeliveryRefusal::NotPickedUp),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => {
                Ok(vec![DeliveryFailed { reason: Personal::new(command.reason.clone()) }.into()])
            }
            DeliveryStatus::Delivered => Err(DeliveryRefusal::AlreadyDelivered),
            DeliveryStatus::Failed => Ok(vec![]),
            DeliveryStatus::Cancelled => Err(DeliveryRefusal::AlreadyCancelled),
        }
    }
}
