use super::{Order, OrderEvent, OrderRefusal, OrderStatus, PaymentRefunded, PaymentStatus, RefundRequested};
use crate::Money;

/// Give back what was captured: the order is cancelled, or cannot be delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRefund;

/// The provider has given the money back.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfirmRefund {
    /// The provider's id of the payment.
    pub intent_id: String,
    /// The provider's id of the refund.
    pub refund_id: String,
    /// How much.
    pub amount: Money,
    /// The provider's id of the message that said so.
    pub provider_event_id: String,
}

impl Order {
    pub(super) fn request_refund(&self, _: &RequestRefund) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        if self.status != OrderStatus::Cancelled && !self.undeliverable {
            return Err(OrderRefusal::NoRefundDue);
        }
        match (self.payment.status, self.payment.captured, &self.payment.intent_id) {
            (PaymentStatus::Captured, Some(amount), Some(intent_id)) => {
                Ok(vec![RefundRequested { intent_id: intent_id.clone(), amount }.into()])
            }
            (PaymentStatus::RefundRequested | PaymentStatus::Refunded, ..) => Ok(vec![]),
            _ => Err(OrderRefusal::NotPaid),
        }
    }

    pub(super) fn confirm_refund(&self, command: &ConfirmRefund) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        if self.payment.intent_id.as_deref() != Some(command.intent_id.as_str()) {
            return Err(OrderRefusal::OtherPayment);
        }
        match (self.payment.status, self.payment.captured) {
            (PaymentStatus::Refunded, _) => Ok(vec![]),
            (PaymentStatus::RefundRequested, Some(captured)) if captured != command.amount => {
                Err(OrderRefusal::OtherAmount { expected: captured })
            }
            (PaymentStatus::RefundRequested, Some(_)) => Ok(vec![
                PaymentRefunded {
                    refund_id: command.refund_id.clone(),
                    amount: command.amount,
                    provider_event_id: command.provider_event_id.clone(),
                }
                .into(),
            ]),
            _ => Err(OrderRefusal::NoRefundDue),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, order::fixtures::*, testing::given};

    fn until_refund_requested() -> Vec<OrderEvent> {
        [until_paid(), vec![cancelled_paid(), refund_requested()]].concat()
    }

    fn until_refunded() -> Vec<OrderEvent> {
        and(until_refund_requested(), refunded())
    }

    #[test]
    fn a_cancelled_order_gives_back_what_was_captured() {
        given::<Order>(and(until_paid(), cancelled_paid())).when(RequestRefund).then([refund_requested()]);
    }

    #[test]
    fn what_is_captured_after_cancelling_is_given_back() {
        given::<Order>([placed(), requested(), cancelled_unpaid(), captured()])
            .when(RequestRefund)
            .then([refund_requested()]);
    }

    #[test]
    fn an_order_that_cannot_be_delivered_gives_back_what_was_captured() {
        given::<Order>(and(until_shipped(), given_up())).when(RequestRefund).then([refund_requested()]);
    }

    #[test]
    fn a_refund_is_requested_only_once() {
        given::<Order>(until_refund_requested()).when(RequestRefund).then_nothing();
        given::<Order>(until_refunded()).when(RequestRefund).then_nothing();
        assert_eq!(order(until_refund_requested()).refund_due(), None);
    }

    #[test]
    fn an_order_that_goes_on_gives_nothing_back() {
        for events in [until_paid(), until_confirmed(), until_shipped(), until_delivered()] {
            given::<Order>(events).when(RequestRefund).then_refused(OrderRefusal::NoRefundDue);
        }
    }

    #[test]
    fn an_order_that_was_never_paid_gives_nothing_back() {
        for events in [vec![placed()], until_requested(), and(until_requested(), declined())] {
            given::<Order>(and(events, cancelled_unpaid()))
                .when(RequestRefund)
                .then_refused(OrderRefusal::NotPaid);
        }
    }

    #[test]
    fn an_order_that_was_never_placed_gives_nothing_back() {
        given::<Order>([]).when(RequestRefund).then_refused(OrderRefusal::NoSuchOrder);
    }

    #[test]
    fn the_provider_gives_the_money_back() {
        given::<Order>(until_refund_requested()).when(confirm_refund()).then([refunded()]);
        assert_eq!(order(until_refunded()).payment.refund_id.as_deref(), Some(REFUND));
    }

    #[test]
    fn a_refund_is_recorded_once_however_often_it_is_told() {
        given::<Order>(until_refunded()).when(confirm_refund()).then_nothing();
    }

    #[test]
    fn a_refund_of_another_payment_is_refused() {
        let other = ConfirmRefund { intent_id: "pi_other".to_owned(), ..confirm_refund() };
        for events in [vec![placed()], until_refund_requested(), until_refunded()] {
            given::<Order>(events).when(other.clone()).then_refused(OrderRefusal::OtherPayment);
        }
    }

    #[test]
    fn a_refund_of_another_amount_is_refused() {
        let less = ConfirmRefund { amount: money("13.49 EUR"), ..confirm_refund() };
        given::<Order>(until_refund_requested())
            .when(less)
            .then_refused(OrderRefusal::OtherAmount { expected: total() });
    }

    #[test]
    fn a_refund_that_nobody_requested_is_refused() {
        for events in [until_requested(), until_paid(), and(until_paid(), cancelled_paid())] {
            given::<Order>(events).when(confirm_refund()).then_refused(OrderRefusal::NoRefundDue);
        }
    }

    #[test]
    fn a_refund_for_an_order_that_was_never_placed_is_refused() {
        given::<Order>([]).when(confirm_refund()).then_refused(OrderRefusal::NoSuchOrder);
    }
}
