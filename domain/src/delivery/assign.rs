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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delivery::fixtures::*, fixtures::*, testing::given};

    #[test]
    fn a_scheduled_delivery_is_given_to_a_driver() {
        given::<Delivery>([scheduled()]).when(assign()).then([assigned()]);
        let delivery = given::<Delivery>(until_assigned()).state();
        assert_eq!((delivery.status.as_str(), delivery.driver_id), ("assigned", Some(driver())));
    }

    #[test]
    fn another_driver_takes_over_before_pickup() {
        let other = AssignDriver { driver_id: stranger(), vehicle: None };
        given::<Delivery>(until_assigned()).when(other).then([DriverAssigned {
            driver_id: stranger(),
            vehicle: None,
        }
        .into()]);
    }

    #[test]
    fn the_same_driver_may_take_another_vehicle() {
        let other = AssignDriver { vehicle: Some("Vélo cargo".to_owned()), ..assign() };
        given::<Delivery>(until_assigned()).when(other).then([DriverAssigned {
            driver_id: driver(),
            vehicle: Some("Vélo cargo".to_owned().into()),
        }
        .into()]);
    }

    #[test]
    fn the_same_driver_and_vehicle_change_nothing() {
        given::<Delivery>(until_assigned()).when(assign()).then_nothing();
    }

    #[test]
    fn a_delivery_on_the_way_keeps_its_driver() {
        for events in [until_picked_up(), until_in_transit()] {
            given::<Delivery>(events).when(assign()).then_refused(DeliveryRefusal::AlreadyPickedUp);
        }
    }

    #[test]
    fn a_delivery_that_is_over_is_not_assigned() {
        for (events, refusal) in [
            (until_completed(), DeliveryRefusal::AlreadyDelivered),
            (until_failed(), DeliveryRefusal::AlreadyFailed),
            (until_cancelled(), DeliveryRefusal::AlreadyCancelled),
        ] {
            given::<Delivery>(events).when(assign()).then_refused(refusal);
        }
    }

    #[test]
    fn a_delivery_that_was_never_scheduled_is_not_assigned() {
        given::<Delivery>([]).when(assign()).then_refused(DeliveryRefusal::NoSuchDelivery);
    }

    #[test]
    fn the_command_and_the_state_keep_quiet_about_the_number_plate() {
        let command = AssignDriver { vehicle: Some(CANARY.to_owned()), ..assign() };
        assert_keeps_quiet(&command);
        let event = DriverAssigned { driver_id: driver(), vehicle: Some(CANARY.to_owned().into()) };
        assert_keeps_quiet(&given::<Delivery>([scheduled(), event.into()]).state());
    }
}
