//! Tell the payment provider what is to be paid, and the order under which id the buyer can pay it.

use agrodeep_commands::payments::gateway::{CreateIntent, GatewayKey, IntentStatus};
use agrodeep_domain::{
    Order,
    order::{OrderRefusal, OrderStatus, RequestPayment},
};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::{Refusal, Yield};

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let order_id = attempt.order_id();
    let mut intent = None;
    if !attempt.first {
        let look = |order: &Order| (order.payment.intent_id.clone(), order.status);
        let (requested, status) = attempt.look_at_order(look).await?;
        if let Some(intent_id) = requested {
            return Ok(Some(Yield::Payment { intent_id }));
        }
        // Look before charging again: the provider forgets keys after a while, but not payments.
        intent = attempt.services.gateway.intent_of_order(order_id).await?;
        if status == OrderStatus::Cancelled && intent.is_none() {
            return Err(Trouble::Refused(Refusal::OrderCancelled));
        }
    }
    let intent = if let Some(intent) = intent {
        intent
    } else {
        let request = CreateIntent { order_id, amount: attempt.started.total };
        attempt.services.gateway.create_intent(&request, &GatewayKey::charge(order_id)).await?
    };
    let command = RequestPayment { intent_id: intent.id.clone() };
    match attempt.execute(order_id.uuid(), command, |_: &Order| ()).await? {
        Ok(()) => Ok(Some(Yield::Payment { intent_id: intent.id })),
        Err(OrderRefusal::AlreadyCancelled) => {
            // The buyer was never told of this payment, so nobody can have paid it.
            if intent.status != IntentStatus::Canceled {
                attempt.services.gateway.cancel_intent(&intent.id, &GatewayKey::cancel(order_id)).await?;
            }
            Err(Trouble::Refused(Refusal::OrderCancelled))
        }
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
