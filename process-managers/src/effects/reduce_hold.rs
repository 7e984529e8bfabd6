//! Free the stock that is kept too much since a line has become less.

use agrodeep_domain::{Product, ProductId, product::ReduceHold};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::OrderFulfilment;

/// Of which product, and what is asked of it.
pub(crate) fn command(state: &OrderFulfilment, adjustment: u32) -> Option<(ProductId, ReduceHold)> {
    let (started, change) = (state.started.as_ref()?, state.changes.get(&adjustment)?);
    let command = ReduceHold { order_id: started.order_id, quantity: change.quantity };
    Some((change.product_id, command))
}

pub(super) async fn perform(attempt: &Attempt<'_>, adjustment: u32) -> Performed {
    let Some((product_id, command)) = command(attempt.state, adjustment) else {
        return Err(Trouble::Failed("the order has no such change".to_owned()));
    };
    match attempt.execute(product_id.uuid(), command, |_: &Product| ()).await? {
        Ok(()) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
