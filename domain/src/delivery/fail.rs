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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delivery::fixtures::*, fixtures::*, testing::given};

    fn fail() -> FailDelivery {
        FailDelivery { driver_id: driver(), reason: "Personne à la maison".to_owned() }
    }

    #[test]
    fn the_goods_could_not_be_brought() {
        for events in [until_picked_up(), until_in_transit()] {
            given::<Delivery>(events).when(fail()).then([failed()]);
        }
        assert_eq!(status(until_failed()).as_str(), "failed");
    }

    #[test]
    fn a_delivery_fails_only_once() {
        given::<Delivery>(until_failed()).when(fail()).then_nothing();
    }

    #[test]
    fn what_was_not_picked_up_does_not_fail() {
        given::<Delivery>(until_assigned()).when(fail()).then_refused(DeliveryRefusal::NotPickedUp);
    }

    #[test]
    fn another_driver_does_not_fail_it() {
        let other = FailDelivery { driver_id: stranger(), ..fail() };
        given::<Delivery>(until_in_transit()).when(other).then_refused(DeliveryRefusal::NotYours);
        given::<Delivery>([scheduled()]).when(fail()).then_refused(DeliveryRefusal::NotYours);
    }

    #[test]
    fn a_completed_or_cancelled_delivery_does_not_fail() {
        given::<Delivery>(until_completed()).when(fail()).then_refused(DeliveryRefusal::AlreadyDelivered);
        given::<Delivery>(until_cancelled()).when(fail()).then_refused(DeliveryRefusal::AlreadyCancelled);
    }

    #[test]
    fn a_delivery_that_was_never_scheduled_does_not_fail() {
        given::<Delivery>([]).when(fail()).then_refused(DeliveryRefusal::NoSuchDelivery);
    }

    #[test]
    fn the_command_keeps_quiet_about_the_drivers_words() {
        assert_keeps_quiet(&FailDelivery { reason: CANARY.to_owned(), ..fail() });
    }
}
