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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    #[test]
    fn a_product_is_offered_with_its_stock() {
        given::<Product>([]).when(create()).then([created()]);
        assert_eq!(stock([created()]), is("10", "0", "10"));
    }

    #[test]
    fn a_product_may_be_offered_before_there_is_any() {
        let ProductEvent::ProductCreated(mut expected) = created() else { unreachable!() };
        expected.stock = Quantity::ZERO;
        given::<Product>([])
            .when(CreateProduct { stock: Quantity::ZERO, ..create() })
            .then([expected.into()]);
    }

    #[test]
    fn a_product_is_created_only_once() {
        for events in [vec![created()], vec![created(), delisted()]] {
            given::<Product>(events).when(create()).then_refused(ProductRefusal::AlreadyCreated);
        }
    }

    #[test]
    fn a_product_that_costs_nothing_is_refused() {
        given::<Product>([])
            .when(CreateProduct { price: money("0.00 EUR"), ..create() })
            .then_refused(ProductRefusal::NoPrice);
    }
}
