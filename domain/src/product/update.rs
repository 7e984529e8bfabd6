use super::{CountStock, DescribeProduct, Product, ProductDetails, ProductEvent, ProductRefusal, RepriceProduct};
use crate::{AccountId, Money, Quantity};

/// Say anew what the product is, what it costs and how much is on hand: all of what is given, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateProduct {
    /// Whose product it must be.
    pub producer_id: AccountId,
    /// What it is now.
    pub details: Option<ProductDetails>,
    /// What one unit costs from now on.
    pub price: Option<Money>,
    /// What is on hand, held or not.
    pub on_hand: Option<Quantity>,
}

impl Product {
    pub(super) fn update(&self, command: &UpdateProduct) -> Result<Vec<ProductEvent>, ProductRefusal> {
        let producer_id = command.producer_id;
        self.offered_by(producer_id)?;
        // The three decide on different parts of the state, so that none has to see the others' events.
        let mut events = Vec::new();
        if let Some(details) = &command.details {
            events.extend(self.describe(&DescribeProduct { producer_id, details: details.clone() })?);
        }
        if let Some(price) = command.price {
            events.extend(self.reprice(&RepriceProduct { producer_id, price })?);
        }
        if let Some(on_hand) = command.on_hand {
            events.extend(self.count_stock(&CountStock { producer_id, on_hand })?);
        }
        Ok(events)
    }
}
