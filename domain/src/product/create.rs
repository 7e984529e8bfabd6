use super::{Product, ProductCreated, ProductDetails, ProductEvent, ProductRefusal};
use crate::{AccountId, Money, ProductId, Quantity};

/// Offer a new product.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateProduct {
    /// The product's id.
    pub product_id: ProductId,
    /// Who offers it.
    pub producer_id: AccountId,
    /// What it is.
    pub details: ProductDetails,
    /// What one unit costs.
    pub price: Money,
    /// How much is on hand.
    pub stock: Quantity,
}

impl Product {
    pub(super) fn create(&self, command: &CreateProduct) -> Result<Vec<ProductEvent>, ProductRefusal> {
        if self.offer.is_some() {
            return Err(ProductRefusal::AlreadyCreated);
        }
        if command.price.is_zero() {
            return Err(ProductRefusal::NoPrice);
        }
        Ok(vec![
            ProductCreated {
                product_id: command.product_id,
                producer_id: command.producer_id,
                details: command.details.clone(),
                price: command.price,
                stock: command.stock,
            }
            .into(),
        ])
    }
}
