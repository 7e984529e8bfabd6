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
