use chrono::{DateTime, Utc};

use super::{HoldExpired, HoldReleased, Product, ProductEvent, ProductRefusal};
use crate::OrderId;

/// Free what is kept for an order. Nothing kept: nothing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseHold {
    /// Whose hold.
    pub order_id: OrderId,
}

/// Free what is kept for an order that nobody has paid in time. Nothing kept: nothing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpireHold {
    /// Whose hold.
    pub order_id: OrderId,
    /// The time it is.
    pub at: DateTime<Utc>,
}

impl Product {
    pub(super) fn release(&self, command: &ReleaseHold) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        let Some(hold) = self.holds.get(&command.order_id) else {
            return Ok(vec![]);
        };
        Ok(vec![HoldReleased { order_id: command.order_id, quantity: hold.quantity }.into()])
    }

    pub(super) fn expire(&self, command: &ExpireHold) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offer()?;
        let Some(hold) = self.holds.get(&command.order_id) else {
            return Ok(vec![]);
        };
        if command.at < hold.expires_at {
            return Err(ProductRefusal::NotExpired);
        }
        Ok(vec![HoldExpired { order_id: command.order_id, quantity: hold.quantity }.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    fn release(order: u128) -> ReleaseHold {
        ReleaseHold { order_id: order_id(order) }
    }

    fn expire(order: u128, at: &str) -> ExpireHold {
        ExpireHold { order_id: order_id(order), at: time(at) }
    }

    const BEFORE: &str = "2024-08-15T10:29:59.999999Z";
    const THEN: &str = "2024-08-15T10:30:00Z";
    const AFTER: &str = "2024-08-15T10:45:00Z";

    #[test]
    fn what_was_kept_is_free_again() {
        given::<Product>([created(), held(1, "2"), held(2, "3")]).when(release(1)).then([released(1, "2")]);
        assert_eq!(stock([created(), held(1, "2"), held(2, "3"), released(1, "2")]), is("10", "3", "7"));
    }

    #[test]
    fn an_order_that_holds_nothing_releases_nothing() {
        given::<Product>([created(), held(2, "3")]).when(release(1)).then_nothing();
        given::<Product>([created(), held(1, "2"), released(1, "2")]).when(release(1)).then_nothing();
        given::<Product>([created(), held(1, "2"), committed(1, "2")]).when(release(1)).then_nothing();
    }

    #[test]
    fn a_delisted_product_still_releases_its_holds() {
        given::<Product>([created(), held(1, "2"), delisted()]).when(release(1)).then([released(1, "2")]);
    }

    #[test]
    fn a_product_that_was_never_created_has_nothing_to_release() {
        given::<Product>([]).when(release(1)).then_refused(ProductRefusal::NoSuchProduct);
    }

    #[test]
    fn a_hold_that_nobody_paid_expires_in_time() {
        for at in [THEN, AFTER] {
            given::<Product>([created(), held(1, "2")]).when(expire(1, at)).then([expired(1, "2")]);
        }
        assert_eq!(stock([created(), held(1, "2"), expired(1, "2")]), is("10", "0", "10"));
    }

    #[test]
    fn a_hold_does_not_expire_before_its_time() {
        given::<Product>([created(), held(1, "2")])
            .when(expire(1, BEFORE))
            .then_refused(ProductRefusal::NotExpired);
    }

    #[test]
    fn an_order_that_holds_nothing_has_nothing_that_expires() {
        for last in [released(1, "2"), expired(1, "2"), committed(1, "2")] {
            given::<Product>([created(), held(1, "2"), last]).when(expire(1, AFTER)).then_nothing();
        }
    }

    #[test]
    fn a_product_that_was_never_created_has_nothing_that_expires() {
        given::<Product>([]).when(expire(1, AFTER)).then_refused(ProductRefusal::NoSuchProduct);
    }
}
