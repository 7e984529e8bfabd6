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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delivery::fixtures::*, fixtures::*, testing::given};

    fn start() -> StartTransit {
        StartTransit { driver_id: driver() }
    }

    #[test]
    fn the_driver_is_on_the_road() {
        given::<Delivery>(until_picked_up()).when(start()).then([in_transit()]);
        assert!(status(until_in_transit()).on_the_way());
        assert_eq!(status(until_in_transit()).as_str(), "in_transit");
    }

    #[test]
    fn a_transit_starts_only_once_and_not_after_the_end() {
        for events in [until_in_transit(), until_completed(), until_failed(), until_cancelled()] {
            given::<Delivery>(events).when(start()).then_nothing();
        }
    }

    #[test]
    fn nobody_is_on_the_road_without_the_goods() {
        given::<Delivery>(until_assigned()).when(start()).then_refused(DeliveryRefusal::NotPickedUp);
    }

    #[test]
    fn another_driver_does_not_start_it() {
        given::<Delivery>(until_picked_up())
            .when(StartTransit { driver_id: stranger() })
            .then_refused(DeliveryRefusal::NotYours);
        given::<Delivery>([scheduled()]).when(start()).then_refused(DeliveryRefusal::NotYours);
    }

    #[test]
    fn a_delivery_that_was_never_scheduled_does_not_start() {
        given::<Delivery>([]).when(start()).then_refused(DeliveryRefusal::NoSuchDelivery);
    }
}
