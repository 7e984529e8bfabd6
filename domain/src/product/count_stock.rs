use super::{Product, ProductEvent, ProductRefusal, StockCounted};
use crate::{AccountId, Quantity};

/// Say how much is on hand, held or not.
#[derive(Clone, Debug, PartialEq)]
pub struct CountStock {
    /// Whose product it must be.
    pub producer_id: AccountId,
    /// What is on hand.
    pub on_hand: Quantity,
}

impl Product {
    pub(super) fn count_stock(&self, command: &CountStock) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offered_by(command.producer_id)?;
        if command.on_hand < self.held {
            return Err(ProductRefusal::BelowHolds { held: self.held });
        }
        if command.on_hand == self.on_hand {
            return Ok(vec![]);
        }
        Ok(vec![StockCounted { on_hand: command.on_hand }.into()])
    }
}
