use super::{HoldCommitted, Product, ProductEvent, ProductRefusal};
use crate::OrderId;

/// The order has left with what was kept for it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitHold {
    /// Whose hold.
    pub order_id: OrderId,
}

impl Product {
    pub(super) fn commit(&self, command: &CommitHold) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        let hold = self.holds.get(&command.order_id).ok_or(ProductRefusal::NoHold)?;
        Ok(vec![HoldCommitted { order_id: command.order_id, quantity: hold.quantity }.into()])
    }
}
