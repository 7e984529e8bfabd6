use super::{HoldReduced, HoldReleased, Product, ProductEvent, ProductRefusal};
use crate::{OrderId, Quantity};

/// Keep at most so much for an order. What keeps no more than that is left as it is: reductions that come late or again change
/// nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct ReduceHold {
    /// Whose hold.
    pub order_id: OrderId,
    /// How much of it is kept at the most.
    pub quantity: Quantity,
}

impl Product {
    pub(super) fn reduce(&self, command: &ReduceHold) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        let (order_id, quantity) = (command.order_id, command.quantity);
        let Some(hold) = self.holds.get(&order_id).filter(|hold| hold.quantity > quantity) else {
            return Ok(vec![]);
        };
        if quantity.is_zero() {
            return Ok(vec![HoldReleased { order_id, quantity: hold.quantity }.into()]);
        }
        let freed = hold.quantity.saturating_sub(quantity);
        Ok(vec![HoldReduced { order_id, quantity, freed }.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    fn reduce(amount: &str) -> ReduceHold {
        ReduceHold { order_id: order_id(1), quantity: quantity(amount) }
    }

    #[test]
    fn what_is_kept_too_much_is_free_again() {
        given::<Product>([created(), held(1, "3"), held(2, "2")])
            .when(reduce("1"))
            .then([reduced(1, "1", "2")]);
        let then = [created(), held(1, "3"), held(2, "2"), reduced(1, "1", "2")];
        assert_eq!(stock(then), is("10", "3", "7"));
    }

    #[test]
    fn what_is_kept_of_nothing_is_released() {
        given::<Product>([created(), held(1, "3")]).when(reduce("0")).then([released(1, "3")]);
    }

    #[test]
    fn a_reduction_that_comes_late_or_again_changes_nothing() {
        given::<Product>([created(), held(1, "3"), reduced(1, "1", "2")]).when(reduce("1")).then_nothing();
        given::<Product>([created(), held(1, "3"), reduced(1, "1", "2")]).when(reduce("2")).then_nothing();
        for gone in [released(1, "3"), expired(1, "3"), committed(1, "3")] {
            given::<Product>([created(), held(1, "3"), gone]).when(reduce("1")).then_nothing();
        }
    }

    #[test]
    fn only_what_is_kept_in_the_end_leaves_with_the_order() {
        let left = [created(), held(1, "3"), reduced(1, "1", "2"), committed(1, "1")];
        assert_eq!(stock(left), is("9", "0", "9"));
    }

    #[test]
    fn a_product_that_was_never_created_has_nothing_to_reduce() {
        given::<Product>([]).when(reduce("1")).then_refused(ProductRefusal::NoSuchProduct);
    }
}
