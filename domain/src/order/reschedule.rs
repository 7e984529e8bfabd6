use super::{DeliveryGivenUp, DeliveryRescheduled, Order, OrderEvent, OrderRefusal, OrderStatus};
use crate::{DeliveryId, TrackingNumber};

/// Another delivery tries after one has failed on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct RescheduleDelivery {
    /// The delivery that has failed.
    pub failed_delivery_id: DeliveryId,
    /// The delivery that tries now.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
}

/// Nobody tries again: the goods are written off and the money is given back.
#[derive(Clone, Debug, PartialEq)]
pub struct GiveUpDelivery {
    /// The last delivery that failed.
    pub delivery_id: DeliveryId,
}

impl Order {
    pub(super) fn reschedule_delivery(
        &self,
        command: &RescheduleDelivery,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.expect_shipped()?;
        match self.delivery {
            Some(now) if now.delivery_id == command.delivery_id => Ok(vec![]),
            Some(now) if now.delivery_id == command.failed_delivery_id && self.undeliverable => {
                Err(OrderRefusal::GivenUp)
            }
            Some(now) if now.delivery_id == command.failed_delivery_id => Ok(vec![
                DeliveryRescheduled {
                    delivery_id: command.delivery_id,
                    tracking_number: command.tracking_number,
                    attempt: now.attempt + 1,
                }
                .into(),
            ]),
            _ => Err(OrderRefusal::OtherDelivery),
        }
    }

    pub(super) fn give_up_delivery(&self, command: &GiveUpDelivery) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.expect_shipped()?;
        self.expect_delivery(command.delivery_id)?;
        if self.undeliverable {
            return Ok(vec![]);
        }
        Ok(vec![DeliveryGivenUp { delivery_id: command.delivery_id }.into()])
    }

    fn expect_shipped(&self) -> Result<(), OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Shipped => Ok(()),
            OrderStatus::Delivered => Err(OrderRefusal::AlreadyDelivered),
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Processing => {
                Err(OrderRefusal::NotShipped)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, order::fixtures::*, testing::given};

    fn reschedule() -> RescheduleDelivery {
        RescheduleDelivery {
            failed_delivery_id: delivery_id(1),
            delivery_id: delivery_id(2),
            tracking_number: tracking_number(2),
        }
    }

    fn give_up() -> GiveUpDelivery {
        GiveUpDelivery { delivery_id: delivery_id(1) }
    }

    /// Orders that the driver does not have, and why nothing can be said of their delivery.
    fn not_on_the_way() -> [(Vec<OrderEvent>, OrderRefusal); 5] {
        [
            (vec![], OrderRefusal::NoSuchOrder),
            (vec![placed()], OrderRefusal::NotShipped),
            (until_ready(), OrderRefusal::NotShipped),
            (until_delivered(), OrderRefusal::AlreadyDelivered),
            (and(until_paid(), cancelled_paid()), OrderRefusal::AlreadyCancelled),
        ]
    }

    #[test]
    fn another_delivery_tries_after_one_has_failed() {
        given::<Order>(until_shipped()).when(reschedule()).then([rescheduled()]);
        let delivery = order(and(until_shipped(), rescheduled())).delivery;
        assert_eq!(delivery.map(|now| (now.delivery_id, now.attempt)), Some((delivery_id(2), 2)));
    }

    #[test]
    fn the_same_attempt_is_scheduled_only_once() {
        given::<Order>(and(until_shipped(), rescheduled())).when(reschedule()).then_nothing();
    }

    #[test]
    fn a_delivery_that_does_not_bring_the_order_is_not_followed_by_another() {
        let other = RescheduleDelivery { failed_delivery_id: delivery_id(9), ..reschedule() };
        given::<Order>(until_shipped()).when(other).then_refused(OrderRefusal::OtherDelivery);
    }

    #[test]
    fn nobody_tries_again_after_giving_up() {
        given::<Order>(and(until_shipped(), given_up()))
            .when(reschedule())
            .then_refused(OrderRefusal::GivenUp);
    }

    #[test]
    fn only_an_order_on_the_way_is_rescheduled() {
        for (events, refusal) in not_on_the_way() {
            given::<Order>(events).when(reschedule()).then_refused(refusal);
        }
    }

    #[test]
    fn a_delivery_is_given_up() {
        given::<Order>(until_shipped()).when(give_up()).then([given_up()]);
        assert!(order(and(until_shipped(), given_up())).undeliverable);
    }

    #[test]
    fn a_delivery_is_given_up_only_once() {
        given::<Order>(and(until_shipped(), given_up())).when(give_up()).then_nothing();
    }

    #[test]
    fn only_the_delivery_that_brings_the_order_is_given_up() {
        given::<Order>(and(until_shipped(), rescheduled()))
            .when(give_up())
            .then_refused(OrderRefusal::OtherDelivery);
    }

    #[test]
    fn only_an_order_on_the_way_is_given_up() {
        for (events, refusal) in not_on_the_way() {
            given::<Order>(events).when(give_up()).then_refused(refusal);
        }
    }
}
