use super::{LinesPrepared, Order, OrderEvent, OrderRefusal, OrderStatus};
use crate::AccountId;

/// A producer has prepared its lines of a confirmed order.
#[derive(Clone, Debug, PartialEq)]
pub struct PrepareLines {
    /// Which producer.
    pub producer_id: AccountId,
}

impl Order {
    pub(super) fn prepare(&self, command: &PrepareLines) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        if !self.producers().contains(&command.producer_id) {
            return Err(OrderRefusal::NotYours);
        }
        if self.prepared_by.contains(&command.producer_id) && self.status != OrderStatus::Cancelled {
            return Ok(vec![]);
        }
        let mut left = self.producers_with_lines_left();
        match self.status {
            OrderStatus::Pending => Err(OrderRefusal::NotConfirmed),
            // Nothing is left of its lines, so there is nothing to prepare.
            OrderStatus::Confirmed | OrderStatus::Processing if !left.remove(&command.producer_id) => {
                Ok(vec![])
            }
            OrderStatus::Confirmed | OrderStatus::Processing => {
                let ready_for_pickup = left.is_subset(&self.prepared_by);
                Ok(vec![LinesPrepared { producer_id: command.producer_id, ready_for_pickup }.into()])
            }
            OrderStatus::Shipped => Err(OrderRefusal::AlreadyShipped),
            OrderStatus::Delivered => Err(OrderRefusal::AlreadyDelivered),
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, order::fixtures::*, testing::given};

    fn prepare(producer_id: AccountId) -> PrepareLines {
        PrepareLines { producer_id }
    }

    #[test]
    fn the_first_producer_brings_the_order_to_processing() {
        given::<Order>(until_confirmed()).when(prepare(marie())).then([prepared(marie(), false)]);
        let order = order(until_processing());
        assert_eq!(order.status, OrderStatus::Processing);
        assert!(!order.ready_for_pickup());
    }

    #[test]
    fn the_last_producer_makes_the_order_ready_for_pickup() {
        given::<Order>(until_processing()).when(prepare(paul())).then([prepared(paul(), true)]);
        assert!(order(until_ready()).ready_for_pickup());
    }

    #[test]
    fn a_producer_prepares_its_lines_only_once() {
        for events in [until_processing(), until_ready(), until_shipped(), until_delivered()] {
            given::<Order>(events).when(prepare(marie())).then_nothing();
        }
    }

    #[test]
    fn nobody_prepares_lines_of_others() {
        given::<Order>(until_confirmed()).when(prepare(stranger())).then_refused(OrderRefusal::NotYours);
        given::<Order>(until_confirmed()).when(prepare(buyer())).then_refused(OrderRefusal::NotYours);
    }

    #[test]
    fn an_order_that_is_not_confirmed_is_not_prepared() {
        for events in [vec![placed()], until_requested(), until_paid()] {
            given::<Order>(events).when(prepare(marie())).then_refused(OrderRefusal::NotConfirmed);
        }
    }

    #[test]
    fn a_cancelled_order_is_not_prepared_even_by_who_had_begun() {
        let events = and(until_processing(), cancelled_paid());
        given::<Order>(events.clone()).when(prepare(marie())).then_refused(OrderRefusal::AlreadyCancelled);
        given::<Order>(events).when(prepare(paul())).then_refused(OrderRefusal::AlreadyCancelled);
    }

    #[test]
    fn what_has_left_without_a_producers_lines_is_not_prepared_any_more() {
        // No command leads there; the refusals are what keeps it so.
        let left_early = and(until_processing(), shipped());
        given::<Order>(left_early.clone()).when(prepare(paul())).then_refused(OrderRefusal::AlreadyShipped);
        given::<Order>(and(left_early, delivered()))
            .when(prepare(paul()))
            .then_refused(OrderRefusal::AlreadyDelivered);
    }

    #[test]
    fn an_order_that_was_never_placed_is_not_prepared() {
        given::<Order>([]).when(prepare(marie())).then_refused(OrderRefusal::NoSuchOrder);
    }
}
