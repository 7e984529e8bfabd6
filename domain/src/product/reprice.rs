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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    fn reprice(producer_id: AccountId, price: &str) -> RepriceProduct {
        RepriceProduct { producer_id, price: money(price) }
    }

    #[test]
    fn a_producer_changes_the_price() {
        let repriced: ProductEvent = ProductRepriced { price: money("5.00 EUR") }.into();
        given::<Product>([created()]).when(reprice(marie(), "5.00 EUR")).then([repriced.clone()]);
        let offer = given::<Product>([created(), repriced]).state().offer;
        assert_eq!(offer.map(|offer| offer.price), Some(money("5.00 EUR")));
    }

    #[test]
    fn the_same_price_changes_nothing() {
        given::<Product>([created()]).when(reprice(marie(), "4.50 EUR")).then_nothing();
    }

    #[test]
    fn a_product_keeps_its_currency() {
        given::<Product>([created()])
            .when(reprice(marie(), "4.50 USD"))
            .then_refused(ProductRefusal::OtherCurrency("EUR".parse().unwrap()));
    }

    #[test]
    fn a_product_does_not_come_to_cost_nothing() {
        given::<Product>([created()])
            .when(reprice(marie(), "0.00 EUR"))
            .then_refused(ProductRefusal::NoPrice);
    }

    #[test]
    fn nobody_reprices_anothers_product() {
        given::<Product>([created()])
            .when(reprice(paul(), "5.00 EUR"))
            .then_refused(ProductRefusal::NotYours);
    }

    #[test]
    fn a_delisted_product_is_not_repriced() {
        given::<Product>([created(), delisted()])
            .when(reprice(marie(), "5.00 EUR"))
            .then_refused(ProductRefusal::Delisted);
    }

    #[test]
    fn a_product_that_was_never_created_is_not_repriced() {
        given::<Product>([]).when(reprice(marie(), "5.00 EUR")).then_refused(ProductRefusal::NoSuchProduct);
    }
}
