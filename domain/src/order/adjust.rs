//! A paid line becomes less, whoever says so.

use super::{
    AdjustedBy, AdjustmentCause, CancelReason, Conductor, LineAdjusted, LineNow, Order, OrderCancelled,
    OrderEvent, OrderRefusal, OrderStatus,
};
use crate::{Money, Personal, ProductId, Quantity};

/// How often the lines of an order are changed at the most: each change may be a refund, and providers tell at most a hundred
/// refunds of a payment at once (<https://docs.stripe.com/api/refunds/list>).
pub const ADJUSTMENTS_MAX: usize = 90;

/// What a line is to become.
pub(super) struct Change<'a> {
    pub quantity: Quantity,
    pub total: Money,
    pub by: AdjustedBy,
    pub cause: AdjustmentCause,
    pub note: Option<&'a String>,
}

impl Order {
    /// A line as it is now, and the price of one unit of it.
    pub(super) fn line(&self, product_id: ProductId) -> Result<(LineNow, Money), OrderRefusal> {
        let lines = self.placed.iter().flat_map(|placed| &placed.lines);
        let found = self.lines_now().zip(lines).find(|(now, _)| now.product_id == product_id);
        found.map(|(now, line)| (now, line.unit_price)).ok_or(OrderRefusal::NoSuchLine(product_id))
    }

    /// Changes a line of an order that is paid and goes on. When nothing is left to pay for, the order is called off for
    /// `reason_if_last`.
    pub(super) fn change(
        &self,
        line: LineNow,
        change: &Change<'_>,
        reason_if_last: CancelReason,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        match self.status {
            OrderStatus::Pending => return Err(OrderRefusal::NotConfirmed),
            OrderStatus::Cancelled => return Err(OrderRefusal::AlreadyCancelled),
            // Said again, it says nothing new.
            _ if (line.quantity, line.total) == (change.quantity, change.total) => return Ok(vec![]),
            OrderStatus::Shipped => return Err(OrderRefusal::AlreadyShipped),
            OrderStatus::Delivered => return Err(OrderRefusal::AlreadyDelivered),
            OrderStatus::Confirmed | OrderStatus::Processing => {}
        }
        if self.placed()?.conductor == Conductor::Import {
            return Err(OrderRefusal::Imported);
        }
        if self.prepared_by.contains(&line.producer_id) {
            return Err(OrderRefusal::LinePrepared);
        }
        let note = change.note.cloned().map(Personal::new);
        let refund = line.total.minus(change.total)?;
        let others = |other: &LineNow| other.product_id != line.product_id;
        let costs = self.lines_now().filter(others).any(|other| !other.total.is_zero());
        if !costs && change.total.is_zero() {
            if !change.quantity.is_zero() {
                return Err(OrderRefusal::NothingToPay);
            }
            let refund_due = self.refund_due();
            return Ok(vec![OrderCancelled { reason: reason_if_last, note, refund_due }.into()]);
        }
        if self.adjustments.len() >= ADJUSTMENTS_MAX {
            return Err(OrderRefusal::TooManyAdjustments { max: ADJUSTMENTS_MAX });
        }
        let mut left = self.lines_now().filter(others).filter(|other| !other.quantity.is_zero());
        let ready_for_pickup =
            change.quantity.is_zero() && left.all(|other| self.prepared_by.contains(&other.producer_id));
        Ok(vec![
            LineAdjusted {
                adjustment: self.adjustments.len() as u32 + 1,
                product_id: line.product_id,
                quantity: change.quantity,
                total: change.total,
                by: change.by,
                cause: change.cause,
                note,
                refund,
                ready_for_pickup,
            }
            .into(),
        ])
    }
}
