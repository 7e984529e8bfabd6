//! The difference that a changed line makes: each goes back to the buyer once.

use serde::{Deserialize, Serialize};

use super::{LineAdjusted, Order, OrderEvent, OrderRefusal, PartialRefundRequested};
use crate::{Money, ProductId, Quantity};

/// Where the difference of one change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceStatus {
    /// There is none: the line costs as much as before.
    None,
    /// It is to be given back.
    Due,
    /// The provider is being asked to give it back.
    Requested,
    /// It is back with the buyer.
    Refunded,
}

impl DifferenceStatus {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Due => "due",
            Self::Requested => "requested",
            Self::Refunded => "refunded",
        }
    }
}

/// One change of a line, and what has become of the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The product of the line.
    pub product_id: ProductId,
    /// How much of it there is now.
    pub quantity: Quantity,
    /// What the line costs now.
    pub total: Money,
    /// The difference.
    pub refund: Money,
    /// Where it is.
    pub status: DifferenceStatus,
    /// The provider's id of the refund, once confirmed.
    pub refund_id: Option<String>,
}

impl Adjustment {
    pub(super) fn of(event: &LineAdjusted) -> Self {
        let status = if event.refund.is_zero() { DifferenceStatus::None } else { DifferenceStatus::Due };
        Self {
            product_id: event.product_id,
            quantity: event.quantity,
            total: event.total,
            refund: event.refund,
            status,
            refund_id: None,
        }
    }
}

/// Give back the difference of one change. Unlike the rest of the money, also while the order goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPartialRefund {
    /// Of which change, from 1.
    pub adjustment: u32,
}

impl Order {
    /// The `number`-th change, from 1.
    pub fn adjustment(&self, number: u32) -> Option<&Adjustment> {
        self.adjustments.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    pub(super) fn adjustment_mut(&mut self, number: u32) -> Option<&mut Adjustment> {
        self.adjustments.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    pub(super) fn request_partial_refund(
        &self,
        command: &RequestPartialRefund,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        let (Some(change), Some(intent_id)) = (self.adjustment(command.adjustment), &self.payment.intent_id)
        else {
            return Err(OrderRefusal::NoRefundDue);
        };
        match change.status {
            DifferenceStatus::None => Err(OrderRefusal::NoRefundDue),
            DifferenceStatus::Requested | DifferenceStatus::Refunded => Ok(vec![]),
            DifferenceStatus::Due => Ok(vec![
                PartialRefundRequested {
                    adjustment: command.adjustment,
                    intent_id: intent_id.clone(),
                    amount: change.refund,
                }
                .into(),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, order::fixtures::*, testing::given};

    fn request(adjustment: u32) -> RequestPartialRefund {
        RequestPartialRefund { adjustment }
    }

    #[test]
    fn the_difference_goes_back_while_the_order_goes_on_and_after_it_is_called_off() {
        let cancelled = and(until_basil_is_out(), cancelled_with_less());
        for events in [until_basil_is_out(), cancelled] {
            given::<Order>(events).when(request(1)).then([difference_requested()]);
        }
    }

    #[test]
    fn a_difference_is_requested_only_once() {
        let requested = and(until_basil_is_out(), difference_requested());
        given::<Order>(requested.clone()).when(request(1)).then_nothing();
        given::<Order>(and(requested, difference_refunded())).when(request(1)).then_nothing();
    }

    #[test]
    fn what_makes_no_difference_gives_nothing_back() {
        let same = LineAdjusted { refund: money("0.00 EUR"), ..basil_is_out() };
        given::<Order>(and(until_confirmed(), same.into()))
            .when(request(1))
            .then_refused(OrderRefusal::NoRefundDue);
        for number in [0, 2] {
            given::<Order>(until_basil_is_out())
                .when(request(number))
                .then_refused(OrderRefusal::NoRefundDue);
        }
        given::<Order>([]).when(request(1)).then_refused(OrderRefusal::NoSuchOrder);
    }
}
