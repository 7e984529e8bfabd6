//! Give the money back: all that is left of it. That it has arrived is told later, by the provider's webhook.

use agrodeep_commands::payments::gateway::{CreateRefund, GatewayKey};
use agrodeep_domain::{Order, order::RequestRefund};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::Yield;

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let order_id = attempt.order_id();
    let look = |order: &Order| (order.payment.intent_id.clone(), order.left_of_captured());
    let (intent_id, left) = match attempt.execute(order_id.uuid(), RequestRefund, look).await? {
        Ok(payment) => payment,
        Err(refusal) => return Err(Trouble::because(&refusal)),
    };
    let (Some(intent_id), Some(amount)) = (intent_id, left) else {
        return Err(Trouble::Failed("the order does not say what was paid".to_owned()));
    };
    let request = CreateRefund { intent_id, amount };
    let refund = attempt.services.gateway.refund(&request, &GatewayKey::refund(order_id)).await?;
    Ok(Some(Yield::Refund { refund_id: refund.id }))
}
