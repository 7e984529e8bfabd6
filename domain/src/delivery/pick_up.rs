use super::{Delivery, DeliveryEvent, DeliveryPickedUp, DeliveryRefusal, DeliveryStatus};
use crate::AccountId;

/// The driver takes the goods. The order must have been shipped first: it decides between shipping and cancelling.
#[derive(Clone, Debug, PartialEq)]
pub struct PickUp {
    /// Who takes them.
    pub driver_id: AccountId,
}

impl Delivery {
    /// Whether `driver_id` could take the goods now, for asking before the order is shipped.
    pub fn can_be_picked_up_by(&self, driver_id: AccountId) -> Result<(), DeliveryRefusal> {
        self.pick_up(&PickUp { driver_id }).map(|_| ())
    }

    pub(super) fn pick_up(&self, command: &PickUp) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.driven_by(command.driver_id)?;
        match self.status {
            DeliveryStatus::Scheduled => Err(DeliveryRefusal::NotAssigned),
            DeliveryStatus::Assigned => Ok(vec![DeliveryPickedUp { driver_id: command.driver_id }.into()]),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => Ok(vec![]),
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

    fn pick_up() -> PickUp {
        PickUp { driver_id: driver() }
    }

    #[test]
    fn the_driver_takes_the_goods() {
        given::<Delivery>(until_assigned()).when(pick_up()).then([picked_up()]);
        assert!(status(until_picked_up()).on_the_way());
        assert_eq!(status(until_picked_up()).as_str(), "picked_up");
    }

    #[test]
    fn goods_are_picked_up_only_once() {
        for events in [until_picked_up(), until_in_transit()] {
            given::<Delivery>(events).when(pick_up()).then_nothing();
        }
    }

    #[test]
    fn nobody_else_takes_the_goods() {
        given::<Delivery>(until_assigned())
            .when(PickUp { driver_id: stranger() })
            .then_refused(DeliveryRefusal::NotYours);
    }

    #[test]
    fn nobody_takes_the_goods_of_a_delivery_without_a_driver() {
        given::<Delivery>([scheduled()]).when(pick_up()).then_refused(DeliveryRefusal::NotYours);
    }

    #[test]
    fn a_delivery_that_is_over_is_not_picked_up() {
        for (events, refusal) in [
            (until_completed(), DeliveryRefusal::AlreadyDelivered),
            (until_failed(), DeliveryRefusal::AlreadyFailed),
            (until_cancelled(), DeliveryRefusal::AlreadyCancelled),
        ] {
            given::<Delivery>(events).when(pick_up()).then_refused(refusal);
        }
    }

    #[test]
    fn a_delivery_that_was_never_scheduled_is_not_picked_up() {
        given::<Delivery>([]).when(pick_up()).then_refused(DeliveryRefusal::NoSuchDelivery);
    }

    #[test]
    fn whether_it_can_be_picked_up_is_known_beforehand() {
        let asks = |events, who| given::<Delivery>(events).state().can_be_picked_up_by(who);
        assert_eq!(asks(until_assigned(), driver()), Ok(()));
        assert_eq!(asks(until_picked_up(), driver()), Ok(()));
        assert_eq!(asks(until_assigned(), stranger()), Err(DeliveryRefusal::NotYours));
        assert_eq!(asks(until_cancelled(), driver()), Err(DeliveryRefusal::AlreadyCancelled));
    }
}
