use super::{Order, OrderConfirmed, OrderEvent, OrderRefusal, OrderStatus, PaymentStatus};
use crate::{DeliveryId, TrackingNumber};

/// Paid, and a delivery is scheduled: producers may begin.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfirmOrder {
    /// The delivery that will bring it.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
}

impl Order {
    pub(super) fn confirm(&self, command: &ConfirmOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        match self.status {
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
            OrderStatus::Pending if self.payment.status != PaymentStatus::Captured => {
                Err(OrderRefusal::NotPaid)
            }
            OrderStatus::Pending => Ok(vec![
                OrderConfirmed { delivery_id: command.delivery_id, tracking_number: command.tracking_number }
                    .into(),
            ]),
            OrderStatus::Confirmed
            | OrderStatus::Processing
            | OrderStatus::Shipped
            | OrderStatus::Delivered => match self.delivery {
                Some(first) if first.attempt == 1 && first.delivery_id != command.delivery_id => {
                    Err(OrderRefusal::OtherDelivery)
                }
                _ => Ok(vec![]),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, order::fixtures::*, testing::given};

    #[test]
    fn a_paid_order_is_confirmed_with_its_delivery() {
        given::<Order>(until_paid()).when(confirm()).then([confirmed()]);
        let order = order(until_confirmed());
        assert_eq!(order.status.as_str(), "confirmed");
        assert_eq!(
            order.delivery.map(|delivery| (delivery.delivery_id, delivery.attempt)),
            Some((delivery_id(1), 1))
        );
    }

    #[test]
    fn an_order_is_confirmed_only_once() {
        for events in [until_confirmed(), until_processing(), until_shipped(), until_delivered()] {
            given::<Order>(events).when(confirm()).then_nothing();
        }
    }

    #[test]
    fn confirmed_again_after_a_rescheduling_changes_nothing() {
        given::<Order>(and(until_shipped(), rescheduled())).when(confirm()).then_nothing();
    }

    #[test]
    fn an_order_that_is_not_paid_is_not_confirmed() {
        for events in [vec![placed()], until_requested(), and(until_requested(), declined())] {
            given::<Order>(events).when(confirm()).then_refused(OrderRefusal::NotPaid);
        }
    }

    #[test]
    fn a_cancelled_order_is_not_confirmed() {
        given::<Order>(and(until_paid(), cancelled_paid()))
            .when(confirm())
            .then_refused(OrderRefusal::AlreadyCancelled);
    }

    #[test]
    fn a_confirmed_order_is_not_given_a_second_delivery() {
        let other = ConfirmOrder { delivery_id: delivery_id(2), ..confirm() };
        given::<Order>(until_confirmed()).when(other).then_refused(OrderRefusal::OtherDelivery);
    }

    #[test]
    fn an_order_that_was_never_placed_is_not_confirmed() {
        given::<Order>([]).when(confirm()).then_refused(OrderRefusal::NoSuchOrder);
    }
}
