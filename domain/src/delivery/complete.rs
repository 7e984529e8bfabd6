use std::fmt;

use super::{Delivery, DeliveryCompleted, DeliveryEvent, DeliveryRefusal, DeliveryStatus};
use crate::{AccountId, Personal};

/// The buyer has the goods; the signature and the photo prove it.
#[derive(Clone, PartialEq)]
pub struct CompleteDelivery {
    /// Who brought them.
    pub driver_id: AccountId,
    /// Who signed, or the signature as the driver's device stored it.
    pub signature: String,
    /// Where the photo is.
    pub photo: String,
}

/// Personal data stays hidden.
impl fmt::Debug for CompleteDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompleteDelivery").field("driver_id", &self.driver_id).finish_non_exhaustive()
    }
}

impl Delivery {
    pub(super) fn complete(&self, command: &CompleteDelivery) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.driven_by(command.driver_id)?;
        match self.status {
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Err(DeliveryRefusal::NotPickedUp),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => Ok(vec![
                DeliveryCompleted {
                    signature: Personal::new(command.signature.clone()),
                    photo: Personal::new(command.photo.clone()),
                }
                .into(),
            ]),
            DeliveryStatus::Delivered => Ok(vec![]),
            DeliveryStatus::Failed => Err(DeliveryRefusal::AlreadyFailed),
            DeliveryStatus::Cancelled => Err(DeliveryRefusal::AlreadyCancelled),
        }
    }
}
