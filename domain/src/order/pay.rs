use super::{
    Order, OrderEvent, OrderRefusal, OrderStatus, PaymentCaptured, PaymentDeclined, PaymentRequested,
    PaymentStatus,
};
use crate::Money;

/// The buyer may pay: the provider knows of the payment under `intent_id`.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestPayment {
    /// The provider's id of the payment.
    pub intent_id: String,
}

/// The provider has the money. Recorded even when the order has been cancelled meanwhile, so that it is given back.
#[derive(Clone, Debug, PartialEq)]
pub struct CapturePayment {
    /// The provider's id of the payment.
    pub intent_id: String,
    /// What was paid.
    pub amount: Money,
    /// The provider's id of the message that said so.
    pub provider_event_id: String,
}

/// The provider could not get the money.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclinePayment {
    /// The provider's id of the payment.
    pub intent_id: String,
    /// The provider's word for why, for example `card_declined`.
    pub code: String,
    /// The provider's id of the message that said so.
    pub provider_event_id: String,
}

impl Order {
    pub(super) fn request_payment(&self, command: &RequestPayment) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let placed = self.placed()?;
        if let Some(intent_id) = &self.payment.intent_id {
            return if *intent_id == command.intent_id {
                Ok(vec![])
            } else {
                Err(OrderRefusal::OtherPayment)
            };
        }
        if self.status == OrderStatus::Cancelled {
            return Err(OrderRefusal::AlreadyCancelled);
        }
        Ok(vec![PaymentRequested { intent_id: command.intent_id.clone(), amount: placed.total }.into()])
    }

    pub(super) fn capture_payment(&self, command: &CapturePayment) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let placed = self.placed()?;
        self.expect_intent(&command.intent_id)?;
        if command.amount != placed.total {
            return Err(OrderRefusal::OtherAmount { expected: placed.total });
        }
        match self.payment.status {
            PaymentStatus::None => Err(OrderRefusal::OtherPayment),
            PaymentStatus::Requested | PaymentStatus::Declined => Ok(vec![
                PaymentCaptured {
                    intent_id: command.intent_id.clone(),
                    amount: command.amount,
                    provider_event_id: command.provider_event_id.clone(),
                }
                .into(),
            ]),
            PaymentStatus::Captured | PaymentStatus::RefundRequested | PaymentStatus::Refunded => Ok(vec![]),
        }
    }

    pub(super) fn decline_payment(&self, command: &DeclinePayment) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        self.expect_intent(&command.intent_id)?;
        match self.payment.status {
            PaymentStatus::Requested => Ok(vec![
                PaymentDeclined {
                    intent_id: command.intent_id.clone(),
                    code: command.code.clone(),
                    provider_event_id: command.provider_event_id.clone(),
                }
                .into(),
            ]),
            // A decline that comes late or again says nothing new.
            _ => Ok(vec![]),
        }
    }

    fn expect_intent(&self, intent_id: &str) -> Result<(), OrderRefusal> {
        if self.payment.intent_id.as_deref() == Some(intent_id) {
            Ok(())
        } else {
            Err(OrderRefusal::OtherPayment)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixtures::money,
        order::{CancelReason, fixtures::*},
        testing::given,
    };

    #[test]
    fn payment_is_requested_for_the_total() {
        given::<Order>([placed()]).when(request()).then([requested()]);
    }

    #[test]
    fn payment_requested_again_under_the_same_intent_changes_nothing() {
        given::<Order>(until_requested()).when(request()).then_nothing();
        given::<Order>(until_paid()).when(request()).then_nothing();
        given::<Order>(and(until_requested(), cancelled_unpaid())).when(request()).then_nothing();
    }

    #[test]
    fn a_second_intent_for_one_order_is_refused() {
        let other = RequestPayment { intent_id: "pi_other".to_owned() };
        given::<Order>(until_requested()).when(other).then_refused(OrderRefusal::OtherPayment);
    }

    #[test]
    fn payment_of_a_cancelled_order_is_not_requested() {
        given::<Order>([placed(), cancelled_unpaid()])
            .when(request())
            .then_refused(OrderRefusal::AlreadyCancelled);
    }

    #[test]
    fn payment_of_an_order_that_was_never_placed_is_not_requested() {
        given::<Order>([]).when(request()).then_refused(OrderRefusal::NoSuchOrder);
    }

    #[test]
    fn a_requested_payment_is_captured() {
        given::<Order>(until_requested()).when(capture()).then([captured()]);
    }

    #[test]
    fn a_declined_payment_may_still_be_captured() {
        given::<Order>(and(until_requested(), declined())).when(capture()).then([captured()]);
    }

    #[test]
    fn a_capture_after_cancelling_is_recorded_so_that_it_is_given_back() {
        let events = and(until_requested(), cancelled(CancelReason::PaymentTimeout, None));
        given::<Order>(events.clone()).when(capture()).then([captured()]);
        assert_eq!(order(and(events, captured())).refund_due(), Some(total()));
    }

    #[test]
    fn a_capture_is_recorded_once_however_often_it_is_told() {
        given::<Order>(until_paid()).when(capture()).then_nothing();
        let told_by_another_message =
            CapturePayment { provider_event_id: "evt_other".to_owned(), ..capture() };
        given::<Order>(until_paid()).when(told_by_another_message).then_nothing();
        let refunding = [until_paid(), vec![cancelled_paid(), refund_requested()]].concat();
        given::<Order>(refunding.clone()).when(capture()).then_nothing();
        given::<Order>(and(refunding, refunded())).when(capture()).then_nothing();
    }

    #[test]
    fn a_capture_of_an_unknown_payment_is_refused() {
        let other = CapturePayment { intent_id: "pi_other".to_owned(), ..capture() };
        given::<Order>(until_requested()).when(other).then_refused(OrderRefusal::OtherPayment);
    }

    #[test]
    fn a_capture_before_any_request_is_refused() {
        given::<Order>([placed()]).when(capture()).then_refused(OrderRefusal::OtherPayment);
    }

    #[test]
    fn a_capture_of_another_amount_is_refused() {
        for wrong in ["13.49 EUR", "13.51 EUR", "13.50 USD"] {
            given::<Order>(until_requested())
                .when(CapturePayment { amount: money(wrong), ..capture() })
                .then_refused(OrderRefusal::OtherAmount { expected: total() });
        }
    }

    #[test]
    fn a_capture_for_an_order_that_was_never_placed_is_refused() {
        given::<Order>([]).when(capture()).then_refused(OrderRefusal::NoSuchOrder);
    }

    #[test]
    fn a_requested_payment_is_declined() {
        given::<Order>(until_requested()).when(decline()).then([declined()]);
        assert_eq!(order(and(until_requested(), declined())).payment.status, PaymentStatus::Declined);
    }

    #[test]
    fn a_decline_that_comes_late_or_again_says_nothing_new() {
        given::<Order>(and(until_requested(), declined())).when(decline()).then_nothing();
        given::<Order>(until_paid()).when(decline()).then_nothing();
        let refunding = [until_paid(), vec![cancelled_paid(), refund_requested()]].concat();
        given::<Order>(refunding.clone()).when(decline()).then_nothing();
        given::<Order>(and(refunding, refunded())).when(decline()).then_nothing();
    }

    #[test]
    fn a_decline_of_an_unknown_payment_is_refused() {
        let other = DeclinePayment { intent_id: "pi_other".to_owned(), ..decline() };
        given::<Order>(until_requested()).when(other).then_refused(OrderRefusal::OtherPayment);
        given::<Order>([placed()]).when(decline()).then_refused(OrderRefusal::OtherPayment);
    }

    #[test]
    fn a_decline_for_an_order_that_was_never_placed_is_refused() {
        given::<Order>([]).when(decline()).then_refused(OrderRefusal::NoSuchOrder);
    }
}
