//! A buyer or an admin calls an order off.

use agrodeep_domain::{
    Money, Order, OrderId, Personal,
    order::{CancelOrder, Canceller, OrderEvent, OrderRefusal},
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Which order, and who says so.
#[derive(Clone, Debug)]
pub struct CancelRequest {
    /// Which order.
    pub order_id: OrderId,
    /// Who calls it off.
    pub by: Canceller,
    /// In their words.
    pub note: Option<Personal<String>>,
}

/// What becomes of the buyer's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// Nothing had been paid.
    None,
    /// It is on its way back.
    Pending,
}

impl RefundStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
        }
    }
}

/// An order that was called off.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// What has to be given back.
    pub refund_due: Option<Money>,
    /// What came of the command.
    pub executed: Executed<Order>,
}

impl Cancelled {
    /// What becomes of the buyer's money.
    pub const fn refund_status(&self) -> RefundStatus {
        if self.refund_due.is_some() { RefundStatus::Pending } else { RefundStatus::None }
    }
}

/// Calls an order off. What has been done for it is undone by its fulfilment.
pub async fn cancel(
    commands: &Commands,
    request: CancelRequest,
    context: CommandContext,
) -> Result<Cancelled, ExecuteError<OrderRefusal>> {
    let command = CancelOrder { by: request.by, note: request.note.map(Personal::into_inner) };
    let executed = commands.executor.execute::<Order>(request.order_id.uuid(), command, context).await?;
    let refund_due = executed.events.iter().find_map(|event| match event {
        OrderEvent::OrderCancelled(cancelled) => cancelled.refund_due,
        _ => None,
    });
    Ok(Cancelled { refund_due, executed })
}
