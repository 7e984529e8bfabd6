//! Free the stock kept for one line.

use agrodeep_domain::{Product, ProductId, product::ReleaseHold};

use super::{Attempt, Performed, Trouble};

pub(super) async fn perform(attempt: &Attempt<'_>, product_id: ProductId) -> Performed {
    let command = ReleaseHold { order_id: attempt.order_id() };
    match attempt.execute(product_id.uuid(), command, |_: &Product| ()).await? {
        Ok(()) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
