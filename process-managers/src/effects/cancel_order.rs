//! Call the order off.

use agrodeep_domain::{
    Order,
    order::{CancelOrder, CancelReason, Canceller, OrderRefusal},
};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::{OrderFulfilment, Yield};

pub(crate) fn command(state: &OrderFulfilment) -> Option<CancelOrder> {
    let reason = state.unwinding.or(state.abandoned.then_some(CancelReason::AdminDecision))?;
    Some(CancelOrder { by: Canceller::Fulfilment(reason), note: None })
}

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let Some(command) = command(attempt.state) else {
        return Err(Trouble::Failed("there is no reason to cancel".to_owned()));
    };
    let reason = match attempt.execute(attempt.order_id().uuid(), command, reason).await? {
        Ok(reason) => reason,
        // Somebody else was faster, perhaps for another reason.
        Err(OrderRefusal::AlreadyCancelled) => attempt.look_at_order(reason).await?,
        Err(refusal) => return Err(Trouble::because(&refusal)),
    };
    match reason {
        Some(reason) => Ok(Some(Yield::Cancellation { reason })),
        None => Err(Trouble::Failed("the order does not say why it was cancelled".to_owned())),
    }
}

fn reason(order: &Order) -> Option<CancelReason> {
    order.cancelled.as_ref().map(|cancelled| cancelled.reason)
}
