//! Tell buyer and producers that it goes ahead.

use agrodeep_domain::{
    Order,
    order::{ConfirmOrder, OrderRefusal},
};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::{OrderFulfilment, Refusal};

pub(crate) fn command(state: &OrderFulfilment) -> Option<ConfirmOrder> {
    state.delivery.map(|(delivery_id, tracking_number)| ConfirmOrder { delivery_id, tracking_number })
}

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let Some(command) = command(attempt.state) else {
        return Err(Trouble::Failed("no delivery has been scheduled".to_owned()));
    };
    match attempt.execute(attempt.order_id().uuid(), command, |_: &Order| ()).await? {
        Ok(()) => Ok(None),
        Err(OrderRefusal::AlreadyCancelled) => Err(Trouble::Refused(Refusal::OrderCancelled)),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
