//! A producer prepares its lines of an order.

use agrodeep_domain::{
    AccountId, Order, OrderId,
    order::{OrderRefusal, PrepareLines},
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Which order, and whose lines.
#[derive(Clone, Debug)]
pub struct PrepareRequest {
    /// Which order.
    pub order_id: OrderId,
    /// Whose lines.
    pub producer_id: AccountId,
}

/// An order of which a producer has prepared its lines.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Whether nothing is missing any more.
    pub ready_for_pickup: bool,
    /// What came of the command.
    pub executed: Executed<Order>,
}

/// Records that a producer has prepared its lines.
pub async fn prepare(
    commands: &Commands,
    request: PrepareRequest,
    context: CommandContext,
) -> Result<Prepared, ExecuteError<OrderRefusal>> {
    let command = PrepareLines { producer_id: request.producer_id };
    let (executed, ready_for_pickup) = commands
        .executor
        .execute_with::<Order, _>(request.order_id.uuid(), command, context, Order::ready_for_pickup)
        .await?;
    Ok(Prepared { ready_for_pickup, executed })
}
