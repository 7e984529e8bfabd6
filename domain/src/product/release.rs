use chrono::{DateTime, Utc};

use super::{HoldExpired, HoldReleased, Product, ProductEvent, ProductRefusal};
use crate::OrderId;

/// Free what is kept for an order. Nothing kept: nothing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseHold {
    /// Whose hold.
    pub order_id: OrderId,
}

/// Free what is kept for an order that nobody has paid in time. Nothing kept: nothing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpireHold {
    /// Whose hold.
    pub order_id: OrderId,
    /// The time it is.
    pub at: DateTime<Utc>,
}

impl Product {
    pub(super) fn release(&self, command: &ReleaseHold) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        let Some(hold) = self.holds.get(&command.order_id) else {
            return Ok(vec![]);
        };
        Ok(vec![HoldReleased { order_id: command.order_id, quantity: hold.quantity }.into()])
    }

    pub(super) fn expire(&self, command: &ExpireHold) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        let Some(hold) = self.holds.get(&command.order_id) else {
            return Ok(vec![]);
        };
        if command.at < hold.expires_at {
            return Err(ProductRefusal::NotExpired);
        }
        Ok(vec![HoldExpired { order_id: command.order_id, quantity: hold.quantity }.into()])
    }
}
