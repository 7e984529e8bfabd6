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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    #[test]
    fn stock_is_kept_for_an_order() {
        given::<Product>([created()]).when(hold(1, "2.5")).then([held(1, "2.5")]);
        assert_eq!(stock([created(), held(1, "2.5")]), is("10", "2.5", "7.5"));
    }

    #[test]
    fn several_orders_hold_some_of_it() {
        assert_eq!(stock([created(), held(1, "2.5"), held(2, "7.5")]), is("10", "10", "0"));
    }

    #[test]
    fn the_last_piece_is_held_and_no_more() {
        given::<Product>([created(), held(1, "9")]).when(hold(2, "1")).then([held(2, "1")]);
        given::<Product>([created(), held(1, "9")])
            .when(hold(2, "1.001"))
            .then_refused(ProductRefusal::InsufficientStock { available: quantity("1") });
        given::<Product>([created(), held(1, "10")])
            .when(hold(2, "0.001"))
            .then_refused(ProductRefusal::InsufficientStock { available: Quantity::ZERO });
    }

    #[test]
    fn the_same_hold_asked_again_changes_nothing() {
        given::<Product>([created(), held(1, "2.5")]).when(hold(1, "2.5")).then_nothing();
        let later = HoldStock { expires_at: time("2024-08-15T11:00:00Z"), ..hold(1, "2.5") };
        given::<Product>([created(), held(1, "2.5")]).when(later).then_nothing();
    }

    #[test]
    fn an_order_does_not_hold_two_quantities() {
        for other in ["2.499", "2.501", "100"] {
            given::<Product>([created(), held(1, "2.5")])
                .when(hold(1, other))
                .then_refused(ProductRefusal::OtherHold { held: quantity("2.5") });
        }
    }

    #[test]
    fn nothing_is_not_held() {
        given::<Product>([created()]).when(hold(1, "0")).then_refused(ProductRefusal::NoQuantity);
    }

    #[test]
    fn a_delisted_product_is_not_held() {
        given::<Product>([created(), delisted()]).when(hold(1, "1")).then_refused(ProductRefusal::Delisted);
    }

    #[test]
    fn a_hold_from_before_the_delisting_asked_again_changes_nothing() {
        given::<Product>([created(), held(1, "1"), delisted()]).when(hold(1, "1")).then_nothing();
    }

    #[test]
    fn a_product_that_was_never_created_is_not_held() {
        given::<Product>([]).when(hold(1, "1")).then_refused(ProductRefusal::NoSuchProduct);
    }
}
