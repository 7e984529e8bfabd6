//! See to it at the payment provider that nothing can be paid any more.

use agrodeep_commands::payments::gateway::{GatewayError, GatewayKey, IntentStatus};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::Refusal;

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let (gateway, order_id) = (&attempt.services.gateway, attempt.order_id());
    let intent_id = match &attempt.state.intent_id {
        Some(intent_id) => intent_id.clone(),
        // The answer to asking for a payment was lost: the provider knows whether there is one.
        None => match gateway.intent_of_order(order_id).await? {
            Some(intent) => intent.id,
            None => return Ok(None),
        },
    };
    let rejected = match gateway.cancel_intent(&intent_id, &GatewayKey::cancel(order_id)).await {
        Ok(_) => return Ok(None),
        Err(error @ GatewayError::Unavailable(_)) => return Err(error.into()),
        Err(error @ GatewayError::Rejected { .. }) => error,
    };
    match gateway.intent(&intent_id).await?.map(|intent| intent.status) {
        None | Some(IntentStatus::Canceled) => Ok(None),
        Some(IntentStatus::Succeeded) => Err(Trouble::Refused(Refusal::AlreadyPaid)),
        // The buyer's bank has not made up its mind: ask again later.
        Some(
            IntentStatus::Processing | IntentStatus::RequiresAction | IntentStatus::RequiresPaymentMethod,
        ) => Err(Trouble::Failed(rejected.to_string())),
    }
}
