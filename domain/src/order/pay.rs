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
