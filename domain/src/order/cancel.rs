use std::fmt;

use super::{CancelReason, Order, OrderCancelled, OrderEvent, OrderRefusal, OrderStatus};
use crate::{AccountId, Personal};

/// Who calls an order off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canceller {
    /// A buyer: must be the order's own.
    Buyer(AccountId),
    /// An admin.
    Admin,
    /// The fulfilment, for this reason.
    Fulfilment(CancelReason),
}

/// Call the order off, which is possible until it is shipped.
#[derive(Clone, PartialEq)]
pub struct CancelOrder {
    /// Who calls it off.
    pub by: Canceller,
    /// In their words.
    pub note: Option<String>,
}

/// Personal data stays hidden.
impl fmt::Debug for CancelOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelOrder").field("by", &self.by).finish_non_exhaustive()
    }
}

impl Order {
    pub(super) fn cancel(&self, command: &CancelOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let placed = self.placed()?;
        let reason = match command.by {
            Canceller::Buyer(buyer_id) if buyer_id != placed.buyer_id => return Err(OrderRefusal::NotYours),
            Canceller::Buyer(_) => CancelReason::BuyerRequest,
            Canceller::Admin => CancelReason::AdminDecision,
            Canceller::Fulfilment(reason) => reason,
        };
        match self.status {
            OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Processing => Ok(vec![
                OrderCancelled {
                    reason,
                    note: command.note.clone().map(Personal::new),
                    refund_due: self.refund_due(),
                }
                .into(),
            ]),
            OrderStatus::Shipped => Err(OrderRefusal::AlreadyShipped),
            OrderStatus::Delivered => Err(OrderRefusal::AlreadyDelivered),
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{fixtures::*, order::fixtures::*, testing::given};

    fn by(by: Canceller) -> CancelOrder {
        CancelOrder { by, note: None }
    }

    #[test]
    fn a_buyer_cancels_an_order_that_is_not_paid_and_nothing_is_due() {
        for events in [vec![placed()], until_requested(), and(until_requested(), declined())] {
            given::<Order>(events).when(cancel()).then([cancelled_unpaid()]);
        }
    }

    #[test]
    fn a_buyer_cancels_a_paid_order_and_its_amount_is_due() {
        for events in [until_paid(), until_confirmed(), until_processing(), until_ready()] {
            given::<Order>(events).when(cancel()).then([cancelled_paid()]);
        }
    }

    #[test]
    fn a_cancelled_order_says_why() {
        let order = order(and(until_paid(), cancelled_paid()));
        assert_eq!(order.status.as_str(), "cancelled");
        assert_eq!(order.cancelled.map(|cancelled| cancelled.reason), Some(CancelReason::BuyerRequest));
    }

    #[test]
    fn an_admin_cancels_any_order() {
        given::<Order>([placed()])
            .when(by(Canceller::Admin))
            .then([cancelled(CancelReason::AdminDecision, None)]);
    }

    #[test]
    fn the_fulfilment_cancels_with_its_reason() {
        for (reason, written) in [
            (CancelReason::StockUnavailable, "stock_unavailable"),
            (CancelReason::PaymentFailed, "payment_failed"),
            (CancelReason::PaymentTimeout, "payment_timeout"),
            (CancelReason::DeliveryUnavailable, "delivery_unavailable"),
        ] {
            given::<Order>([placed()])
                .when(by(Canceller::Fulfilment(reason)))
                .then([cancelled(reason, None)]);
            assert_eq!(reason.as_str(), written);
        }
    }

    #[test]
    fn the_cancellers_words_are_kept() {
        let note = Some("Je pars en vacances".to_owned());
        let expected = OrderCancelled {
            reason: CancelReason::BuyerRequest,
            note: note.clone().map(Personal::new),
            refund_due: None,
        };
        given::<Order>([placed()]).when(CancelOrder { note, ..cancel() }).then([expected.into()]);
    }

    #[test]
    fn a_buyer_does_not_cancel_anothers_order() {
        for events in [vec![placed()], until_shipped(), vec![placed(), cancelled_unpaid()]] {
            given::<Order>(events)
                .when(by(Canceller::Buyer(stranger())))
                .then_refused(OrderRefusal::NotYours);
        }
    }

    #[test]
    fn a_shipped_order_cannot_be_cancelled() {
        for who in
            [Canceller::Buyer(buyer()), Canceller::Admin, Canceller::Fulfilment(CancelReason::PaymentTimeout)]
        {
            given::<Order>(until_shipped()).when(by(who)).then_refused(OrderRefusal::AlreadyShipped);
        }
    }

    #[test]
    fn a_delivered_order_cannot_be_cancelled() {
        given::<Order>(until_delivered()).when(cancel()).then_refused(OrderRefusal::AlreadyDelivered);
    }

    #[test]
    fn a_cancelled_order_keeps_its_first_reason() {
        given::<Order>([placed(), cancelled_unpaid()])
            .when(by(Canceller::Admin))
            .then_refused(OrderRefusal::AlreadyCancelled);
    }

    #[test]
    fn an_order_that_was_never_placed_cannot_be_cancelled() {
        given::<Order>([]).when(cancel()).then_refused(OrderRefusal::NoSuchOrder);
    }

    #[test]
    fn the_command_keeps_quiet_about_the_cancellers_words() {
        assert_keeps_quiet(&CancelOrder { note: Some(CANARY.to_owned()), ..cancel() });
    }

    #[test]
    fn a_reason_is_written_for_people_as_in_json() {
        use CancelReason::{
            AdminDecision, BuyerRequest, DeliveryUnavailable, PaymentFailed, PaymentTimeout, StockUnavailable,
        };
        for reason in [
            BuyerRequest,
            AdminDecision,
            StockUnavailable,
            PaymentFailed,
            PaymentTimeout,
            DeliveryUnavailable,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
