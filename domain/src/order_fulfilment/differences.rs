//! Lines that become less after they were paid: what is kept of the goods, and what goes back of the money.

use agrodeep_domain::{Money, ProductId, Quantity};
use serde::{Deserialize, Serialize};

use super::{FulfilmentStarted, OrderFulfilment, Step};

/// One change of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineChange {
    /// The product of the line.
    pub product_id: ProductId,
    /// How much of it there is now.
    pub quantity: Quantity,
    /// The difference, which goes back to the buyer.
    pub refund: Money,
}

impl OrderFulfilment {
    /// What every change asks for, whichever way the order goes: each difference goes back, and what is kept too much is free.
    pub(super) fn settling(&self, started: &FulfilmentStarted) -> Vec<Step> {
        let mut steps = Vec::new();
        for (adjustment, change) in &self.changes {
            if !change.refund.is_zero() {
                steps.push(Step::RefundDifference(*adjustment));
            }
            if change.quantity < self.kept_before(started, *adjustment, change.product_id) {
                steps.push(Step::ReduceHold(*adjustment));
            }
        }
        steps
    }

    /// How much there was of a line before a change.
    fn kept_before(&self, started: &FulfilmentStarted, adjustment: u32, product_id: ProductId) -> Quantity {
        let before = self.changes.range(..adjustment).rfind(|(_, change)| change.product_id == product_id);
        let ordered = started.lines.iter().find(|line| line.product_id == product_id);
        before
            .map(|(_, change)| change.quantity)
            .or(ordered.map(|line| line.quantity))
            .unwrap_or(Quantity::ZERO)
    }

    /// The products that leave with the order: those of whose lines anything is left.
    pub(super) fn leaving(&self, started: &FulfilmentStarted) -> Vec<ProductId> {
        let left = |product: &ProductId| !self.kept_before(started, u32::MAX, *product).is_zero();
        started.lines.iter().map(|line| line.product_id).filter(left).collect()
    }

    /// Whether nothing more is kept of a product than leaves with the order.
    pub(super) fn is_reduced(&self, product_id: ProductId) -> bool {
        let mut of_this = self.changes.iter().filter(|(_, change)| change.product_id == product_id);
        of_this.all(|(adjustment, _)| {
            let step = Step::ReduceHold(*adjustment);
            self.progress(step).is_none() || self.is_done(step)
        })
    }

    /// Whether the buyer has the difference of a change back, as far as there is one.
    pub(super) fn is_back(&self, adjustment: u32) -> bool {
        let nothing = self.changes.get(&adjustment).is_some_and(|change| change.refund.is_zero());
        nothing || self.differences_back.contains(&adjustment)
    }

    /// Whether the buyer has every difference back.
    pub(super) fn differences_are_back(&self) -> bool {
        self.changes.keys().all(|adjustment| self.is_back(*adjustment))
    }
}
