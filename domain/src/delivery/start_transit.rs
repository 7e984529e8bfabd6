use super::{Delivery, DeliveryEvent, DeliveryRefusal, DeliveryStatus, TransitStarted};
use crate::AccountId;

/// The driver is on the road: the first position after pick-up says so. Once only.
#[derive(Clone, Debug, PartialEq)]
pub struct StartTransit {
    /// Who is on the road.
    pub driver_id: AccountId,
}

impl Delivery {
    pub(super) fn start_transit(
        &self,
        command: &StartTransit,
    ) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.driven_by(command.driver_id)?;
        match self.status {
            DeliveryStatus::PickedUp => Ok(vec![TransitStarted {}.into()]),
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Err(DeliveryRefusal::NotPickedUp),
            _ => Ok(vec![]),
        }
    }
}
