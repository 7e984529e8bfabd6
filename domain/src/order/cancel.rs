use std::fmt;

use super::{CancelReason, Order, OrderCancelled, OrderEvent, OrderRefusal, OrderStatus};
use crate::{AccountId, Personal};

/// Who calls an order off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canceller {
    /// A buyer: must be the order's own.
    Buyer(AccountId),
    /// An admin.
    Admin,
    /// The fulfilment, for this reason.
    Fulfilment(CancelReason),
}

/// Call the order off, which is possible until it is shipped.
#[derive(Clone, PartialEq)]
pub struct CancelOrder {
    /// Who calls it off.
    pub by: Canceller,
    /// In their words.
    pub note: Option<String>,
}

/// Personal data stays hidden.
impl fmt::Debug for CancelOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelOrder").field("by", &self.by).finish_non_exhaustive()
    }
}

impl Order {
    pub(super) fn cancel(&self, command: &CancelOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let placed = self.placed()?;
        let reason = match command.by {
            Canceller::Buyer(buyer_id) if buyer_id != placed.buyer_id => return Err(OrderRefusal::NotYours),
            Canceller::Buyer(_) => CancelReason::BuyerRequest,
            Canceller::Admin => CancelReason::AdminDecision,
            Canceller::Fulfilment(reason) => reason,
        };
        match self.status {
            OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Processing => Ok(vec![
                OrderCancelled {
                    reason,
                    note: command.note.clone().map(Personal::new),
                    refund_due: self.refund_due(),
                }
                .into(),
            ]),
            OrderStatus::Shipped => Err(OrderRefusal::AlreadyShipped),
            OrderStatus::Delivered => Err(OrderRefusal::AlreadyDelivered),
            OrderStatus::Cancelled => Err(OrderRefusal::AlreadyCancelled),
        }
    }
}
