use std::fmt;

use super::{AdjustedBy, AdjustmentCause, CancelReason, Order, OrderEvent, OrderRefusal, adjust::Change};
use crate::{AccountId, Money, ProductId, Quantity};

/// A producer says that a line is less than was ordered, or costs less once it is weighed.
#[derive(Clone, PartialEq)]
pub struct ReportLine {
    /// Who says so.
    pub producer_id: AccountId,
    /// Which line.
    pub product_id: ProductId,
    /// How much of it there is; `None`: as much as before.
    pub quantity: Option<Quantity>,
    /// What it costs, where that is not its quantity times its price.
    pub total: Option<Money>,
    /// In their words.
    pub note: Option<String>,
}

/// Personal data stays hidden.
impl fmt::Debug for ReportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportLine")
            .field("producer_id", &self.producer_id)
            .field("product_id", &self.product_id)
            .field("quantity", &self.quantity)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Order {
    pub(super) fn report_line(&self, command: &ReportLine) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.placed()?;
        if !self.producers().contains(&command.producer_id) {
            return Err(OrderRefusal::NotYours);
        }
        let (line, unit_price) = self.line(command.product_id)?;
        if line.producer_id != command.producer_id {
            return Err(OrderRefusal::NoSuchLine(command.product_id));
        }
        let quantity = command.quantity.unwrap_or(line.quantity);
        let more = OrderRefusal::MoreThanAgreed { quantity: line.quantity, total: line.total };
        if quantity > line.quantity {
            return Err(more);
        }
        let nothing = Money::zero(line.total.currency());
        let total = match command.total {
            _ if quantity.is_zero() => nothing,
            // What was weighed before stays as cheap as it was.
            None => {
                let by_quantity =
                    if quantity == line.quantity { line.total } else { unit_price.times(quantity)? };
                if line.total.minus(by_quantity).is_err() { line.total } else { by_quantity }
            }
            Some(total) => total,
        };
        if command.total.is_some_and(|said| quantity.is_zero() && said != nothing) {
            return Err(OrderRefusal::OtherAmount { expected: nothing });
        }
        if total.currency() != line.total.currency() {
            return Err(OrderRefusal::OtherAmount { expected: line.total });
        }
        if line.total.minus(total).is_err() {
            return Err(more);
        }
        let cause = if quantity.is_zero() {
            AdjustmentCause::NotAvailable
        } else if command.total.is_some() {
            AdjustmentCause::Weighed
        } else {
            AdjustmentCause::PartlyAvailable
        };
        let (by, note) = (AdjustedBy::Producer, command.note.as_ref());
        self.change(line, &Change { quantity, total, by, cause, note }, CancelReason::StockUnavailable)
    }
}
