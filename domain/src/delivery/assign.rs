use super::{Delivery, DeliveryEvent, DeliveryRefusal, DeliveryStatus, DriverAssigned};
use crate::AccountId;

/// Give the delivery to a driver, or to another one before pick-up.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignDriver {
    /// Who.
    pub driver_id: AccountId,
    /// In what.
    pub vehicle: Option<String>,
}

impl Delivery {
    pub(super) fn assign(&self, command: &AssignDriver) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.exists()?;
        match self.status {
            DeliveryStatus::Assigned
                if self.driver_id == Some(command.driver_id) && self.vehicle == command.vehicle =>
            {
                Ok(vec![])
            }
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Ok(vec![
                DriverAssigned { driver_id: command.driver_id, vehicle: command.vehicle.clone() }.into(),
            ]),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => Err(DeliveryRefusal::AlreadyPickedUp),
            DeliveryStatus::Delivered => Err(DeliveryRefusal::AlreadyDelivered),
            DeliveryStatus::Failed => Err(DeliveryRefusal::AlreadyFailed),
            DeliveryStatus::Cancelled => Err(DeliveryRefusal::AlreadyCancelled),
        }
    }
}
