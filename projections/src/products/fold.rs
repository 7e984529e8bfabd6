//! How events change a product.

use agrodeep_domain::{
    ProductId, Quantity,
    product::{ProductCreated, ProductEvent},
};
use agrodeep_event_store::RecordedEvent;

use super::Product;

/// A product that has just been offered.
pub(super) fn created(created: &ProductCreated, recorded: &RecordedEvent) -> Product {
    Product {
        product_id: ProductId::from_uuid(recorded.stream.uuid()),
        producer_id: created.producer_id,
        details: created.details.clone(),
        price: created.price,
        stock_quantity: created.stock,
        held_quantity: Quantity::ZERO,
        is_active: true,
        version: recorded.version,
        created_at: recorded.metadata.occurred_at,
        updated_at: recorded.metadata.occurred_at,
    }
}

impl Product {
    /// Takes in what has happened to it.
    pub(super) fn apply(&mut self, event: &ProductEvent, recorded: &RecordedEvent) {
        let held = &mut self.held_quantity;
        match event {
            // Has been dealt with: there was no product to change.
            ProductEvent::ProductCreated(_) => {}
            ProductEvent::ProductDescribed(event) => self.details = event.details.clone(),
            ProductEvent::ProductRepriced(event) => self.price = event.price,
            ProductEvent::ProductDelisted(_) => self.is_active = false,
            ProductEvent::StockCounted(event) => self.stock_quantity = event.on_hand,
            ProductEvent::StockHeld(event) => *held = held.checked_add(event.quantity).unwrap_or(*held),
            ProductEvent::HoldReleased(event) => *held = held.saturating_sub(event.quantity),
            ProductEvent::HoldReduced(event) => *held = held.saturating_sub(event.freed),
            ProductEvent::HoldExpired(event) => *held = held.saturating_sub(event.quantity),
            ProductEvent::HoldCommitted(event) => {
                *held = held.saturating_sub(event.quantity);
                self.stock_quantity = self.stock_quantity.saturating_sub(event.quantity);
            }
        }
        self.version = recorded.version;
        self.updated_at = recorded.metadata.occurred_at;
    }
}
