//! Stop trying to deliver: the goods are written off.

use agrodeep_domain::{Order, order::GiveUpDelivery};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::{OrderFulfilment, delivery_id};

/// Of the delivery that failed last: the second may fail before its planning is on record here.
pub(crate) fn command(state: &OrderFulfilment) -> Option<GiveUpDelivery> {
    let started = state.started.as_ref()?;
    let second = delivery_id(started.order_id, 2);
    let last = if state.failed.contains(&second) { second } else { delivery_id(started.order_id, 1) };
    Some(GiveUpDelivery { delivery_id: last })
}

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let Some(command) = command(attempt.state) else {
        return Err(Trouble::Failed("the fulfilment has not begun".to_owned()));
    };
    match attempt.execute(attempt.order_id().uuid(), command, |_: &Order| ()).await? {
        Ok(()) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
