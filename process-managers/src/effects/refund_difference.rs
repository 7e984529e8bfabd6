//! Give the difference back that one change of a line makes. That it has arrived is told later, by the provider's webhook.

use agrodeep_commands::payments::gateway::{CreateRefund, GatewayKey};
use agrodeep_domain::{Order, order::RequestPartialRefund};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::Yield;

/// The provider looks for a refund of this key before it makes one, so asking again gives nothing back twice.
pub(super) async fn perform(attempt: &Attempt<'_>, adjustment: u32) -> Performed {
    let order_id = attempt.order_id();
    let look = move |order: &Order| {
        let amount = order.adjustment(adjustment).map(|change| change.refund);
        (order.payment.intent_id.clone(), amount)
    };
    let asked = attempt.execute(order_id.uuid(), RequestPartialRefund { adjustment }, look).await?;
    let (intent_id, amount) = asked.map_err(|refusal| Trouble::because(&refusal))?;
    let (Some(intent_id), Some(amount)) = (intent_id, amount) else {
        return Err(Trouble::Failed("the order does not say what the difference is".to_owned()));
    };
    let request = CreateRefund { intent_id, amount };
    let key = GatewayKey::difference(order_id, adjustment);
    let refund = attempt.services.gateway.refund(&request, &key).await?;
    Ok(Some(Yield::Refund { refund_id: refund.id }))
}
