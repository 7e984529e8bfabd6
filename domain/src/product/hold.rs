use chrono::{DateTime, Utc};

use super::{Product, ProductEvent, ProductRefusal, StockHeld};
use crate::{OrderId, Quantity};

/// Keep some for an order. Asked again for the same order and quantity, nothing more is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldStock {
    /// For which order.
    pub order_id: OrderId,
    /// How much.
    pub quantity: Quantity,
    /// Until when, if nobody pays.
    pub expires_at: DateTime<Utc>,
}

impl Product {
    pub(super) fn hold(&self, command: &HoldStock) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        if command.quantity.is_zero() {
            return Err(ProductRefusal::NoQuantity);
        }
        if let Some(hold) = self.holds.get(&command.order_id) {
            return if hold.quantity == command.quantity {
                Ok(vec![])
            } else {
                Err(ProductRefusal::OtherHold { held: hold.quantity })
            };
        }
        if self.delisted {
            return Err(ProductRefusal::Delisted);
        }
        if command.quantity > self.available() {
            return Err(ProductRefusal::InsufficientStock { available: self.available() });
        }
        Ok(vec![
            StockHeld {
                order_id: command.order_id,
                quantity: command.quantity,
                expires_at: command.expires_at,
            }
            .into(),
        ])
    }
}
