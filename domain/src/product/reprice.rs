use super::{Product, ProductEvent, ProductRefusal, ProductRepriced};
use crate::{AccountId, Money};

/// Change the price; orders placed before keep theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct RepriceProduct {
    /// Whose product it must be.
    pub producer_id: AccountId,
    /// What one unit costs from now on.
    pub price: Money,
}

impl Product {
    pub(super) fn reprice(&self, command: &RepriceProduct) -> Result<Vec<ProductEvent>, ProductRefusal> {
        let offer = self.offered_by(command.producer_id)?;
        if offer.price.currency() != command.price.currency() {
            return Err(ProductRefusal::OtherCurrency(offer.price.currency()));
        }
        if command.price.is_zero() {
            return Err(ProductRefusal::NoPrice);
        }
        if offer.price == command.price {
            return Ok(vec![]);
        }
        Ok(vec![ProductRepriced { price: command.price }.into()])
    }
}
