use super::{Delivery, DeliveryCancelled, DeliveryEvent, DeliveryRefusal, DeliveryStatus};

/// Call the delivery off before pick-up. Called off already: nothing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct CancelDelivery;

impl Delivery {
    pub(super) fn cancel(&self, _: &CancelDelivery) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        self.exists()?;
        match self.status {
            DeliveryStatus::Scheduled | DeliveryStatus::Assigned => Ok(vec![DeliveryCancelled {}.into()]),
            DeliveryStatus::PickedUp | DeliveryStatus::InTransit => Err(DeliveryRefusal::AlreadyPickedUp),
            DeliveryStatus::Delivered => Err(DeliveryRefusal::AlreadyDelivered),
            DeliveryStatus::Failed => Err(DeliveryRefusal::AlreadyFailed),
            DeliveryStatus::Cancelled => Ok(vec![]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delivery::fixtures::*, testing::given};

    #[test]
    fn a_delivery_is_called_off_before_pickup() {
        for events in [vec![scheduled()], until_assigned()] {
            given::<Delivery>(events).when(CancelDelivery).then([cancelled()]);
        }
        assert_eq!(status(until_cancelled()).as_str(), "cancelled");
    }

    #[test]
    fn a_delivery_is_called_off_only_once() {
        given::<Delivery>(until_cancelled()).when(CancelDelivery).then_nothing();
    }

    #[test]
    fn goods_on_the_way_are_not_called_off() {
        for events in [until_picked_up(), until_in_transit()] {
            given::<Delivery>(events).when(CancelDelivery).then_refused(DeliveryRefusal::AlreadyPickedUp);
        }
    }

    #[test]
    fn a_delivery_that_is_over_is_not_called_off() {
        given::<Delivery>(until_completed())
            .when(CancelDelivery)
            .then_refused(DeliveryRefusal::AlreadyDelivered);
        given::<Delivery>(until_failed()).when(CancelDelivery).then_refused(DeliveryRefusal::AlreadyFailed);
    }

    #[test]
    fn a_delivery_that_was_never_scheduled_is_not_called_off() {
        given::<Delivery>([]).when(CancelDelivery).then_refused(DeliveryRefusal::NoSuchDelivery);
    }
}
