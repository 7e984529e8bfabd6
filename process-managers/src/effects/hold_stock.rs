//! Keep stock of one line.

use agrodeep_domain::{Product, ProductId, product::HoldStock};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::FulfilmentStarted;

pub(crate) fn command(started: &FulfilmentStarted, product_id: ProductId) -> Option<HoldStock> {
    let line = started.lines.iter().find(|line| line.product_id == product_id)?;
    Some(HoldStock {
        order_id: started.order_id,
        quantity: line.quantity,
        expires_at: started.payment_due_at,
    })
}

pub(super) async fn perform(attempt: &Attempt<'_>, product_id: ProductId) -> Performed {
    let Some(command) = command(attempt.started, product_id) else {
        return Err(Trouble::Failed("the order has no such line".to_owned()));
    };
    match attempt.execute(product_id.uuid(), command, |_: &Product| ()).await? {
        Ok(()) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
