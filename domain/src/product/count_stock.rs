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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    fn count(producer_id: AccountId, on_hand: &str) -> CountStock {
        CountStock { producer_id, on_hand: quantity(on_hand) }
    }

    #[test]
    fn a_producer_says_how_much_is_on_hand() {
        given::<Product>([created()]).when(count(marie(), "25.125")).then([counted("25.125")]);
        assert_eq!(stock([created(), counted("25.125")]), is("25.125", "0", "25.125"));
    }

    #[test]
    fn the_same_count_changes_nothing() {
        given::<Product>([created()]).when(count(marie(), "10")).then_nothing();
    }

    #[test]
    fn what_is_held_for_orders_stays_on_hand() {
        let events = [created(), held(1, "2"), held(2, "1.5")];
        given::<Product>(events.clone())
            .when(count(marie(), "3.499"))
            .then_refused(ProductRefusal::BelowHolds { held: quantity("3.5") });
        given::<Product>(events).when(count(marie(), "3.5")).then([counted("3.5")]);
        assert_eq!(stock([created(), held(1, "2"), held(2, "1.5"), counted("3.5")]), is("3.5", "3.5", "0"));
    }

    #[test]
    fn nobody_counts_anothers_stock() {
        given::<Product>([created()]).when(count(paul(), "1")).then_refused(ProductRefusal::NotYours);
    }

    #[test]
    fn stock_of_a_delisted_product_is_not_counted() {
        given::<Product>([created(), delisted()])
            .when(count(marie(), "1"))
            .then_refused(ProductRefusal::Delisted);
    }

    #[test]
    fn stock_of_a_product_that_was_never_created_is_not_counted() {
        given::<Product>([]).when(count(marie(), "1")).then_refused(ProductRefusal::NoSuchProduct);
    }
}
