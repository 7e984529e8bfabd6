//! Take one line's goods off the stock: they have left with the driver.

use agrodeep_domain::{Product, ProductId, product::CommitHold};

use super::{Attempt, Performed, Trouble};

pub(super) async fn perform(attempt: &Attempt<'_>, product_id: ProductId) -> Performed {
    let command = CommitHold { order_id: attempt.order_id() };
    match attempt.execute(product_id.uuid(), command, |_: &Product| ()).await? {
        Ok(()) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
