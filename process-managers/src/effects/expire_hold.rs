//! Free the stock kept for one line, as nobody has paid in time.

use agrodeep_domain::{Product, ProductId, product::ExpireHold};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::OrderFulfilment;

/// It expires at the time that the database's clock said when the deadline passed: no other clock has a say in it.
pub(crate) fn command(state: &OrderFulfilment) -> Option<ExpireHold> {
    let started = state.started.as_ref()?;
    Some(ExpireHold { order_id: started.order_id, at: state.timed_out_at? })
}

pub(super) async fn perform(attempt: &Attempt<'_>, product_id: ProductId) -> Performed {
    let Some(command) = command(attempt.state) else {
        return Err(Trouble::Failed("the time for paying is not over".to_owned()));
    };
    match attempt.execute(product_id.uuid(), command, |_: &Product| ()).await? {
        Ok(()) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
