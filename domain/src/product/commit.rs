use super::{HoldCommitted, Product, ProductEvent, ProductRefusal};
use crate::OrderId;

/// The order has left with what was kept for it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitHold {
    /// Whose hold.
    pub order_id: OrderId,
}

impl Product {
    pub(super) fn commit(&self, command: &CommitHold) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        let hold = self.holds.get(&command.order_id).ok_or(ProductRefusal::NoHold)?;
        Ok(vec![HoldCommitted { order_id: command.order_id, quantity: hold.quantity }.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    fn commit(order: u128) -> CommitHold {
        CommitHold { order_id: order_id(order) }
    }

    #[test]
    fn what_was_kept_leaves_with_the_order() {
        given::<Product>([created(), held(1, "2"), held(2, "3")]).when(commit(1)).then([committed(1, "2")]);
        assert_eq!(stock([created(), held(1, "2"), held(2, "3"), committed(1, "2")]), is("8", "3", "5"));
    }

    #[test]
    fn a_delisted_product_still_leaves_with_orders_that_hold_it() {
        given::<Product>([created(), held(1, "2"), delisted()]).when(commit(1)).then([committed(1, "2")]);
    }

    #[test]
    fn what_is_not_held_does_not_leave() {
        for events in [
            vec![created()],
            vec![created(), held(2, "2")],
            vec![created(), held(1, "2"), released(1, "2")],
            vec![created(), held(1, "2"), expired(1, "2")],
            vec![created(), held(1, "2"), committed(1, "2")],
        ] {
            given::<Product>(events).when(commit(1)).then_refused(ProductRefusal::NoHold);
        }
    }

    #[test]
    fn a_product_that_was_never_created_does_not_leave() {
        given::<Product>([]).when(commit(1)).then_refused(ProductRefusal::NoSuchProduct);
    }
}
