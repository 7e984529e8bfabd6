use super::{Order, OrderDelivered, OrderEvent, OrderRefusal, OrderStatus};
use crate::DeliveryId;

/// The buyer has the goods.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliverOrder {
    /// The delivery that brought them.
    pub delivery_id: DeliveryId,
}

impl Order {
    pub(super) fn deliver(&self, command: &DeliverOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Delivered => Ok(vec![]),
            OrderStatus::Shipped => {
                self.expect_delivery(command.delivery_id)?;
                if self.undeliverable {
                    return Err(OrderRefusal::GivenUp);
                }
                Ok(vec![OrderDelivered { delivery_id: command.delivery_id }.into()])
            }
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

    fn deliver() -> DeliverOrder {
        DeliverOrder { delivery_id: delivery_id(1) }
    }

    #[test]
    fn a_shipped_order_is_delivered() {
        given::<Order>(until_shipped()).when(deliver()).then([delivered()]);
        assert_eq!(order(until_delivered()).status.as_str(), "delivered");
    }

    #[test]
    fn a_second_attempt_delivers() {
        let again = DeliverOrder { delivery_id: delivery_id(2) };
        given::<Order>(and(until_shipped(), rescheduled()))
            .when(again)
            .then([OrderDelivered { delivery_id: delivery_id(2) }.into()]);
    }

    #[test]
    fn an_order_is_delivered_only_once() {
        given::<Order>(until_delivered()).when(deliver()).then_nothing();
    }

    #[test]
    fn an_order_that_is_not_shipped_is_not_delivered() {
        for events in [vec![placed()], until_confirmed(), until_ready()] {
            given::<Order>(events).when(deliver()).then_refused(OrderRefusal::NotShipped);
        }
    }

    #[test]
    fn a_cancelled_order_is_not_delivered() {
        given::<Order>(and(until_paid(), cancelled_paid()))
            .when(deliver())
            .then_refused(OrderRefusal::AlreadyCancelled);
    }

    #[test]
    fn another_delivery_does_not_deliver_it() {
        let other = DeliverOrder { delivery_id: delivery_id(9) };
        given::<Order>(until_shipped()).when(other).then_refused(OrderRefusal::OtherDelivery);
        given::<Order>(and(until_shipped(), rescheduled()))
            .when(deliver())
            .then_refused(OrderRefusal::OtherDelivery);
    }

    #[test]
    fn an_order_whose_goods_are_written_off_is_not_delivered() {
        given::<Order>(and(until_shipped(), given_up())).when(deliver()).then_refused(OrderRefusal::GivenUp);
    }

    #[test]
    fn an_order_that_was_never_placed_is_not_delivered() {
        given::<Order>([]).when(deliver()).then_refused(OrderRefusal::NoSuchOrder);
    }
}
