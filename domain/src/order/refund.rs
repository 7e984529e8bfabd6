use super::{
    Adjustment, DifferenceStatus, Order, OrderEvent, OrderRefusal, OrderStatus, PartialRefunded,
    PaymentRefunded, PaymentStatus, RefundRequested,
};
use crate::Money;

/// Give back what is left of what was captured: the order is cancelled, or cannot be delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRefund;

/// What a refund has given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundOf {
    /// All that was left of the payment when the order ended.
    Rest,
    /// The difference of one change of a line, from 1.
    Difference(u32),
    /// The provider does not say: somebody has given it back at the provider by hand.
    Unnamed,
    /// All of the payment, by one refund or by several: the provider's word about the whole payment.
    Everything,
}

/// The provider has given money back.
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
    /// What it has given back.
    pub of: RefundOf,
}

impl Order {
    pub(super) fn request_refund(&self, _: &RequestRefund) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        if self.status != OrderStatus::Cancelled && !self.undeliverable {
            return Err(OrderRefusal::NoRefundDue);
        }
        match (self.payment.status, self.payment.captured, &self.payment.intent_id) {
            (PaymentStatus::Captured, Some(captured), Some(intent_id)) => {
                let amount = self.left_of(captured);
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
        if self.knows_refund(&command.refund_id) {
            return Ok(vec![]);
        }
        match command.of {
            RefundOf::Difference(adjustment) => self.confirm_difference(command, adjustment),
            // That all is given back says nothing about a part of it that its own message does not say.
            RefundOf::Everything if !self.adjustments.is_empty() => Ok(vec![]),
            RefundOf::Unnamed => match self.difference_of(command.amount) {
                Some(adjustment) if !self.is_rest(command.amount) => {
                    self.confirm_difference(command, adjustment)
                }
                _ => self.confirm_rest(command),
            },
            RefundOf::Rest | RefundOf::Everything => self.confirm_rest(command),
        }
    }

    fn knows_refund(&self, refund_id: &str) -> bool {
        let differences = self.adjustments.iter().map(|change| &change.refund_id);
        differences.chain([&self.payment.refund_id]).any(|known| known.as_deref() == Some(refund_id))
    }

    /// The change whose difference of this amount is awaited.
    fn difference_of(&self, amount: Money) -> Option<u32> {
        let awaited =
            |change: &&Adjustment| change.status == DifferenceStatus::Requested && change.refund == amount;
        (1..).zip(&self.adjustments).find(|(_, change)| awaited(change)).map(|(number, _)| number)
    }

    fn is_rest(&self, amount: Money) -> bool {
        self.payment.status == PaymentStatus::RefundRequested && self.left_of_captured() == Some(amount)
    }

    fn confirm_difference(
        &self,
        command: &ConfirmRefund,
        adjustment: u32,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let change = self.adjustment(adjustment).ok_or(OrderRefusal::NoRefundDue)?;
        match change.status {
            DifferenceStatus::Refunded => Ok(vec![]),
            DifferenceStatus::None | DifferenceStatus::Due => Err(OrderRefusal::NoRefundDue),
            DifferenceStatus::Requested if change.refund != command.amount => {
                Err(OrderRefusal::OtherAmount { expected: change.refund })
            }
            DifferenceStatus::Requested => Ok(vec![
                PartialRefunded {
                    adjustment,
                    refund_id: command.refund_id.clone(),
                    amount: command.amount,
                    provider_event_id: command.provider_event_id.clone(),
                }
                .into(),
            ]),
        }
    }

    fn confirm_rest(&self, command: &ConfirmRefund) -> Result<Vec<OrderEvent>, OrderRefusal> {
        match (self.payment.status, self.left_of_captured()) {
            (PaymentStatus::Refunded, _) => Ok(vec![]),
            (PaymentStatus::RefundRequested, Some(left)) if left != command.amount => {
                Err(OrderRefusal::OtherAmount { expected: left })
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

    /// The basil is out, its difference is on its way back, the order is called off, and so is the rest.
    fn until_both_requested() -> Vec<OrderEvent> {
        let rest = RefundRequested { intent_id: INTENT.to_owned(), amount: money("11.25 EUR") };
        [until_basil_is_out(), vec![difference_requested(), cancelled_with_less(), rest.into()]].concat()
    }

    fn told(of: RefundOf, amount: &str, refund_id: &str) -> ConfirmRefund {
        let (amount, refund_id) = (money(amount), refund_id.to_owned());
        ConfirmRefund { refund_id, amount, of, ..confirm_refund() }
    }

    fn rest_refunded() -> OrderEvent {
        let OrderEvent::PaymentRefunded(all) = refunded() else { unreachable!() };
        super::PaymentRefunded { amount: money("11.25 EUR"), ..all }.into()
    }

    #[test]
    fn after_a_difference_only_the_rest_is_given_back() {
        let rest = RefundRequested { intent_id: INTENT.to_owned(), amount: money("11.25 EUR") };
        given::<Order>(and(until_basil_is_out(), cancelled_with_less()))
            .when(RequestRefund)
            .then([rest.into()]);
    }

    #[test]
    fn a_difference_is_never_taken_for_the_rest_nor_the_rest_for_a_difference() {
        let difference = || told(RefundOf::Difference(1), "2.25 EUR", "re_difference");
        let rest = || told(RefundOf::Rest, "11.25 EUR", REFUND);
        given::<Order>(until_both_requested()).when(difference()).then([difference_refunded()]);
        given::<Order>(until_both_requested()).when(rest()).then([rest_refunded()]);
        let one = and(until_both_requested(), difference_refunded());
        given::<Order>(one.clone()).when(difference()).then_nothing();
        given::<Order>(one).when(rest()).then([rest_refunded()]);
        let swapped = told(RefundOf::Difference(1), "11.25 EUR", REFUND);
        given::<Order>(until_both_requested())
            .when(swapped)
            .then_refused(OrderRefusal::OtherAmount { expected: money("2.25 EUR") });
        let swapped = told(RefundOf::Rest, "2.25 EUR", "re_difference");
        given::<Order>(until_both_requested())
            .when(swapped)
            .then_refused(OrderRefusal::OtherAmount { expected: money("11.25 EUR") });
    }

    #[test]
    fn what_somebody_gave_back_by_hand_is_known_by_its_amount() {
        let by_hand = |amount| told(RefundOf::Unnamed, amount, "re_by_hand");
        let OrderEvent::PartialRefunded(known) = difference_refunded() else { unreachable!() };
        let refund_id = "re_by_hand".to_owned();
        given::<Order>(until_both_requested()).when(by_hand("2.25 EUR")).then([PartialRefunded {
            refund_id: refund_id.clone(),
            ..known
        }
        .into()]);
        let OrderEvent::PaymentRefunded(known) = rest_refunded() else { unreachable!() };
        given::<Order>(until_both_requested()).when(by_hand("11.25 EUR")).then([PaymentRefunded {
            refund_id,
            ..known
        }
        .into()]);
        given::<Order>(until_both_requested())
            .when(by_hand("1.00 EUR"))
            .then_refused(OrderRefusal::OtherAmount { expected: money("11.25 EUR") });
        given::<Order>(until_basil_is_out())
            .when(by_hand("2.25 EUR"))
            .then_refused(OrderRefusal::NoRefundDue);
    }

    #[test]
    fn that_all_is_given_back_is_said_once_for_all_or_by_each_part() {
        let everything = told(RefundOf::Everything, "13.50 EUR", "ch_1");
        given::<Order>(until_both_requested()).when(everything.clone()).then_nothing();
        let OrderEvent::PaymentRefunded(known) = refunded() else { unreachable!() };
        given::<Order>(until_refund_requested()).when(everything).then([PaymentRefunded {
            refund_id: "ch_1".to_owned(),
            ..known
        }
        .into()]);
    }

    #[test]
    fn a_difference_that_nobody_asked_for_is_refused() {
        for (events, adjustment) in
            [(until_basil_is_out(), 1), (until_both_requested(), 2), (until_paid(), 1)]
        {
            given::<Order>(events)
                .when(told(RefundOf::Difference(adjustment), "2.25 EUR", "re_difference"))
                .then_refused(OrderRefusal::NoRefundDue);
        }
    }
}
