use std::fmt;

use super::{AdjustedBy, AdjustmentCause, CancelReason, Order, OrderEvent, OrderRefusal, adjust::Change};
use crate::{AccountId, Money, ProductId, Quantity};

/// Who calls a line off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineCanceller {
    /// A buyer: must be the order's own.
    Buyer(AccountId),
    /// An admin.
    Admin,
}

/// Call one line off, which is possible until its producer has prepared it.
#[derive(Clone, PartialEq)]
pub struct CancelLine {
    /// Who calls it off.
    pub by: LineCanceller,
    /// Which line.
    pub product_id: ProductId,
    /// In their words.
    pub note: Option<String>,
}

/// Personal data stays hidden.
impl fmt::Debug for CancelLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelLine")
            .field("by", &self.by)
            .field("product_id", &self.product_id)
            .finish_non_exhaustive()
    }
}

impl Order {
    pub(super) fn cancel_line(&self, command: &CancelLine) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let placed = self.placed()?;
        let (by, reason) = match command.by {
            LineCanceller::Buyer(buyer_id) if buyer_id != placed.buyer_id => {
                return Err(OrderRefusal::NotYours);
            }
            LineCanceller::Buyer(_) => (AdjustedBy::Buyer, CancelReason::BuyerRequest),
            LineCanceller::Admin => (AdjustedBy::Admin, CancelReason::AdminDecision),
        };
        let (line, _) = self.line(command.product_id)?;
        let (quantity, total) = (Quantity::ZERO, Money::zero(line.total.currency()));
        let (cause, note) = (AdjustmentCause::Cancelled, command.note.as_ref());
        self.change(line, &Change { quantity, total, by, cause, note }, reason)
    }
}
