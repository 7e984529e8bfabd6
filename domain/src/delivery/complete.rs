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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delivery::fixtures::*, fixtures::*, testing::given};

    fn complete() -> CompleteDelivery {
        CompleteDelivery {
            driver_id: driver(),
            signature: "J. Martin".to_owned(),
            photo: "https://proofs.example/1.jpg".to_owned(),
        }
    }

    #[test]
    fn the_goods_are_delivered_with_a_proof() {
        for events in [until_picked_up(), until_in_transit()] {
            given::<Delivery>(events).when(complete()).then([completed()]);
        }
        assert_eq!(status(until_completed()).as_str(), "delivered");
        assert!(!status(until_completed()).on_the_way());
    }

    #[test]
    fn a_delivery_is_completed_only_once() {
        given::<Delivery>(until_completed()).when(complete()).then_nothing();
    }

    #[test]
    fn goods_that_were_not_picked_up_are_not_delivered() {
        given::<Delivery>(until_assigned()).when(complete()).then_refused(DeliveryRefusal::NotPickedUp);
    }

    #[test]
    fn another_driver_does_not_complete_it() {
        let other = CompleteDelivery { driver_id: stranger(), ..complete() };
        given::<Delivery>(until_in_transit()).when(other).then_refused(DeliveryRefusal::NotYours);
        given::<Delivery>([scheduled()]).when(complete()).then_refused(DeliveryRefusal::NotYours);
    }

    #[test]
    fn a_failed_or_cancelled_delivery_is_not_completed() {
        given::<Delivery>(until_failed()).when(complete()).then_refused(DeliveryRefusal::AlreadyFailed);
        given::<Delivery>(until_cancelled()).when(complete()).then_refused(DeliveryRefusal::AlreadyCancelled);
    }

    #[test]
    fn a_delivery_that_was_never_scheduled_is_not_completed() {
        given::<Delivery>([]).when(complete()).then_refused(DeliveryRefusal::NoSuchDelivery);
    }

    #[test]
    fn the_command_keeps_quiet_about_who_signed() {
        assert_keeps_quiet(&CompleteDelivery {
            signature: CANARY.to_owned(),
            photo: CANARY.to_owned(),
            ..complete()
        });
    }
}
