//! What an order's lines are now: as they were ordered, but for what has changed since.

use std::collections::BTreeSet;

use super::{Order, OrderLine};
use crate::{AccountId, Money, ProductId, Quantity};

/// A line as it is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineNow {
    /// The product.
    pub product_id: ProductId,
    /// Whose product it is.
    pub producer_id: AccountId,
    /// How much of it there is.
    pub quantity: Quantity,
    /// What it costs.
    pub total: Money,
}

impl Order {
    /// The lines as they are now, in the order in which they were ordered.
    pub fn lines_now(&self) -> impl Iterator<Item = LineNow> {
        self.placed.iter().flat_map(|placed| &placed.lines).map(|line| self.now(line))
    }

    /// What a line has become: the last change of it counts.
    fn now(&self, line: &OrderLine) -> LineNow {
        let changed = self.adjustments.iter().rfind(|change| change.product_id == line.product_id);
        LineNow {
            product_id: line.product_id,
            producer_id: line.producer_id,
            quantity: changed.map_or(line.quantity, |change| change.quantity),
            total: changed.map_or(line.total, |change| change.total),
        }
    }

    /// The producers of whose lines anything is left.
    pub(super) fn producers_with_lines_left(&self) -> BTreeSet<AccountId> {
        self.lines_now().filter(|line| !line.quantity.is_zero()).map(|line| line.producer_id).collect()
    }

    /// What is left of what was captured when every difference is given back; `None`: nothing was captured.
    pub fn left_of_captured(&self) -> Option<Money> {
        self.payment.captured.map(|captured| self.left_of(captured))
    }

    /// What is left of `captured` when every difference is given back.
    pub(super) fn left_of(&self, captured: Money) -> Money {
        self.adjustments.iter().fold(captured, |left, change| left.minus(change.refund).unwrap_or(left))
    }
}
