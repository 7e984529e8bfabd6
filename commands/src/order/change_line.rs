//! A producer has less of a line, or a buyer or an admin calls one off.

use agrodeep_domain::{
    AccountId, Money, Order, OrderId, Personal, ProductId, Quantity,
    order::{CancelLine, LineCanceller, OrderCommand, OrderRefusal, OrderStatus, ReportLine},
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Which line, and what its producer says of it.
#[derive(Clone, Debug)]
pub struct ReportLineRequest {
    /// Of which order.
    pub order_id: OrderId,
    /// Who says so.
    pub producer_id: AccountId,
    /// Of which product.
    pub product_id: ProductId,
    /// How much of it there is; `None`: as much as before.
    pub quantity: Option<Quantity>,
    /// What it costs, where that is not its quantity times its price.
    pub total: Option<Money>,
    /// In their words.
    pub note: Option<Personal<String>>,
}

/// Which line, and who calls it off.
#[derive(Clone, Debug)]
pub struct CancelLineRequest {
    /// Of which order.
    pub order_id: OrderId,
    /// Who calls it off.
    pub by: LineCanceller,
    /// Of which product.
    pub product_id: ProductId,
    /// In their words.
    pub note: Option<Personal<String>>,
}

/// A line as it is after that, and what the whole order costs.
#[derive(Clone, Debug)]
pub struct ChangedLine {
    /// How far the order has come: without its last line it is called off.
    pub status: OrderStatus,
    /// How much of the line there is.
    pub quantity: Quantity,
    /// What the line costs.
    pub total: Money,
    /// What the buyer gets back in all, for the lines that have become less.
    pub refunds: Money,
    /// What the whole order costs.
    pub order_total: Money,
    /// What came of the command.
    pub executed: Executed<Order>,
}

/// Records what a producer says of a line. The difference is given back by the order's fulfilment.
///
/// # Errors
/// What the order refuses, or why the command was not executed.
pub async fn report_line(
    commands: &Commands,
    request: ReportLineRequest,
    context: CommandContext,
) -> Result<ChangedLine, ExecuteError<OrderRefusal>> {
    let ReportLineRequest { order_id, producer_id, product_id, quantity, total, note } = request;
    let note = note.map(Personal::into_inner);
    let command = ReportLine { producer_id, product_id, quantity, total, note };
    change(commands, order_id, product_id, command.into(), context).await
}

/// Calls one line off. The difference is given back by the order's fulfilment.
///
/// # Errors
/// What the order refuses, or why the command was not executed.
pub async fn cancel_line(
    commands: &Commands,
    request: CancelLineRequest,
    context: CommandContext,
) -> Result<ChangedLine, ExecuteError<OrderRefusal>> {
    let CancelLineRequest { order_id, by, product_id, note } = request;
    let command = CancelLine { by, product_id, note: note.map(Personal::into_inner) };
    change(commands, order_id, product_id, command.into(), context).await
}

async fn change(
    commands: &Commands,
    order_id: OrderId,
    product_id: ProductId,
    command: OrderCommand,
    context: CommandContext,
) -> Result<ChangedLine, ExecuteError<OrderRefusal>> {
    let look = move |order: &Order| {
        let line = order.lines_now().find(|line| line.product_id == product_id);
        let placed = order.placed.as_ref().map(|placed| placed.total);
        (order.status, line, placed.zip(order.left_of_captured()))
    };
    let (executed, (status, line, totals)) =
        commands.executor.execute_with::<Order, _>(order_id.uuid(), command, context, look).await?;
    // What has taken the command has the line, and is paid.
    let (Some(line), Some((placed, order_total))) = (line, totals) else {
        return Err(ExecuteError::Refused(OrderRefusal::NoSuchLine(product_id)));
    };
    let refunds = placed.minus(order_total).unwrap_or(Money::zero(placed.currency()));
    let (quantity, total) = (line.quantity, line.total);
    Ok(ChangedLine { status, quantity, total, refunds, order_total, executed })
}
