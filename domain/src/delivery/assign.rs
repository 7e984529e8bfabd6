use std::fmt;

use super::{Delivery, DeliveryEvent, DeliveryRefusal, DeliveryStatus, DriverAssigned};
use crate::{AccountId, Personal};

/// Give the delivery to a driver, or to another one before pick-up.
#[derive(Clone, PartialEq)]
pub struct AssignDriver {
    /// Who.
    pub driver_id: AccountId,
    /// In what.
    pub vehicle: Option<String>,
}

/// Personal data stays hidden.
impl fmt::Debug for AssignDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssignDriver").field("driver_id", &self.driver_id).finish_non_exhaustive()
    }
}

impl Delivery {
    pub(super) fn assign(&self, command: &AssignDriver) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.exists()?;
        match self.status {
            DeliveryStatus::Assigned
                if self.driver_id == Some(command.driver_id)
                    && self.vehicle.as_deref() == command.vehicle.as_ref() =>
            {
                Ok(vec![])
            }
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Ok(vec![
                DriverAssigned {
                    driver_id: command.driver_id,
                    vehicle: command.vehicle.clone().map(Personal::new),
                }
                .into(),
            ]),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => Err(DeliveryRefusal::AlreadyPickedUp),
            DeliveryStatus::Delivered => Err(DeliveryRefusal::AlreadyDelivered),
            DeliveryStatus::Failed => Err(DeliveryRefusal::AlreadyFailed),
            DeliveryStatus::Cancelled => Err(DeliveryRefusal::AlreadyCancelled),
        }
    }
}
