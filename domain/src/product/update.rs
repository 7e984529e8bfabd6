use super::{
    CountStock, DescribeProduct, Product, ProductDetails, ProductEvent, ProductRefusal, RepriceProduct,
};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixtures::*,
        product::{ProductDescribed, ProductRepriced, fixtures::*},
        testing::given,
    };

    fn nothing_new(producer_id: AccountId) -> UpdateProduct {
        UpdateProduct { producer_id, details: None, price: None, on_hand: None }
    }

    fn everything_new() -> UpdateProduct {
        UpdateProduct {
            producer_id: marie(),
            details: Some(ProductDetails { name: in_french("Tomates anciennes"), ..details() }),
            price: Some(money("5.00 EUR")),
            on_hand: Some(quantity("20")),
        }
    }

    #[test]
    fn words_price_and_stock_change_together() {
        let command = everything_new();
        let described = ProductDescribed {
            details: ProductDetails { name: in_french("Tomates anciennes"), ..details() },
        };
        let repriced = ProductRepriced { price: money("5.00 EUR") };
        given::<Product>([created()]).when(command).then([described.into(), repriced.into(), counted("20")]);
    }

    #[test]
    fn only_what_differs_changes() {
        let same = UpdateProduct {
            producer_id: marie(),
            details: Some(details()),
            price: Some(money("4.50 EUR")),
            on_hand: Some(quantity("10")),
        };
        given::<Product>([created()]).when(same.clone()).then_nothing();
        given::<Product>([created()]).when(nothing_new(marie())).then_nothing();
        given::<Product>([created()])
            .when(UpdateProduct { on_hand: Some(quantity("9")), ..same })
            .then([counted("9")]);
    }

    #[test]
    fn nothing_changes_when_one_of_them_is_refused() {
        given::<Product>([created()])
            .when(UpdateProduct { price: Some(money("0.00 EUR")), ..everything_new() })
            .then_refused(ProductRefusal::NoPrice);
        given::<Product>([created()])
            .when(UpdateProduct { price: Some(money("5.00 USD")), ..everything_new() })
            .then_refused(ProductRefusal::OtherCurrency(crate::Currency::EUR));
        given::<Product>([created(), held(1, "2")])
            .when(UpdateProduct { on_hand: Some(quantity("1")), ..everything_new() })
            .then_refused(ProductRefusal::BelowHolds { held: quantity("2") });
    }

    #[test]
    fn nobody_updates_anothers_product() {
        given::<Product>([created()]).when(nothing_new(paul())).then_refused(ProductRefusal::NotYours);
    }

    #[test]
    fn a_delisted_product_is_not_updated() {
        given::<Product>([created(), delisted()])
            .when(nothing_new(marie()))
            .then_refused(ProductRefusal::Delisted);
    }

    #[test]
    fn a_product_that_was_never_created_is_not_updated() {
        given::<Product>([]).when(everything_new()).then_refused(ProductRefusal::NoSuchProduct);
    }
}
