use super::{Order, OrderEvent, OrderRefusal, OrderShipped, OrderStatus};
use crate::DeliveryId;

/// The driver takes the goods. Whichever of shipping and cancelling comes first wins.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipOrder {
    /// The delivery that takes them.
    pub delivery_id: DeliveryId,
}

impl Order {
    pub(super) fn ship(&self, command: &ShipOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Cancelled => return Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Pending => return Err(OrderRefusal::NotConfirmed),
            _ => self.expect_delivery(command.delivery_id)?,
        }
        match self.status {
            OrderStatus::Shipped | OrderStatus::Delivered => Ok(vec![]),
            _ if !self.ready_for_pickup() => Err(OrderRefusal::NotReadyForPickup),
            _ => Ok(vec![OrderShipped { delivery_id: command.delivery_id }.into()]),
        }
    }

    pub(super) fn expect_delivery(&self, delivery_id: DeliveryId) -> Result<(), OrderRefusal> {
        match self.delivery {
            Some(delivery) if delivery.delivery_id == delivery_id => Ok(()),
            _ => Err(OrderRefusal::OtherDelivery),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, order::fixtures::*, testing::given};

    fn ship() -> ShipOrder {
        ShipOrder { delivery_id: delivery_id(1) }
    }

    #[test]
    fn an_order_that_all_have_prepared_is_shipped() {
        given::<Order>(until_ready()).when(ship()).then([shipped()]);
        assert_eq!(order(until_shipped()).status.as_str(), "shipped");
    }

    #[test]
    fn an_order_is_shipped_only_once() {
        given::<Order>(until_shipped()).when(ship()).then_nothing();
        given::<Order>(until_delivered()).when(ship()).then_nothing();
    }

    #[test]
    fn a_second_attempt_takes_what_has_been_shipped() {
        let again = ShipOrder { delivery_id: delivery_id(2) };
        given::<Order>(and(until_shipped(), rescheduled())).when(again).then_nothing();
    }

    #[test]
    fn the_attempt_that_failed_takes_nothing_any_more() {
        given::<Order>(and(until_shipped(), rescheduled()))
            .when(ship())
            .then_refused(OrderRefusal::OtherDelivery);
    }

    #[test]
    fn an_order_waits_for_all_its_producers() {
        for events in [until_confirmed(), until_processing()] {
            given::<Order>(events).when(ship()).then_refused(OrderRefusal::NotReadyForPickup);
        }
    }

    #[test]
    fn an_order_that_is_not_confirmed_is_not_shipped() {
        for events in [vec![placed()], until_paid()] {
            given::<Order>(events).when(ship()).then_refused(OrderRefusal::NotConfirmed);
        }
    }

    #[test]
    fn a_cancelled_order_is_not_shipped() {
        given::<Order>(and(until_ready(), cancelled_paid()))
            .when(ship())
            .then_refused(OrderRefusal::AlreadyCancelled);
    }

    #[test]
    fn another_orders_delivery_does_not_take_it() {
        let other = ShipOrder { delivery_id: delivery_id(9) };
        for events in [until_ready(), until_shipped()] {
            given::<Order>(events).when(other.clone()).then_refused(OrderRefusal::OtherDelivery);
        }
    }

    #[test]
    fn an_order_that_was_never_placed_is_not_shipped() {
        given::<Order>([]).when(ship()).then_refused(OrderRefusal::NoSuchOrder);
    }
}
