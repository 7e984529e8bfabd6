//! A driver takes the goods: the order is shipped, and the delivery picked up.
//!
//! Two aggregates, so two commands. The order goes first: it decides whether a cancellation was faster. If this ends between
//! the two, the fulfilment sees the shipped order and records the pick-up with the same command id.

use agrodeep_domain::{
    AccountId, Aggregate, Delivery, DeliveryId, Order, OrderId,
    delivery::{DeliveryRefusal, PickUp},
    order::ShipOrder,
};
use agrodeep_event_store::StreamId;

use super::DeliveryError;
use crate::{CommandContext, Commands, ExecuteError, Executed};

/// The name from which the id of the command on the delivery is derived, the cause being the command that shipped the order
/// ([`crate::command_id::derived`]).
pub const PICK_UP: &str = "pick_up";

/// Which delivery, and who takes the goods.
#[derive(Clone, Debug)]
pub struct PickUpRequest {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// Who takes the goods.
    pub driver_id: AccountId,
}

/// A delivery that was picked up.
#[derive(Clone, Debug)]
pub struct PickedUp {
    /// What came of the command on the order.
    pub order: Executed<Order>,
    /// What came of the command on the delivery; its position is the later one.
    pub delivery: Executed<Delivery>,
}

/// Ships the order and records the pick-up. An expected version is the delivery's.
pub async fn pick_up(
    commands: &Commands,
    request: PickUpRequest,
    context: CommandContext,
) -> Result<PickedUp, DeliveryError> {
    let PickUpRequest { delivery_id, driver_id } = request;
    let found = commands.executor.state::<Delivery>(delivery_id.uuid()).await?;
    found.state.can_be_picked_up_by(driver_id)?;
    let order_id = found.state.scheduled.ok_or(DeliveryRefusal::NoSuchDelivery)?.order_id;
    if context.if_match.is_some_and(|seen| seen != found.version)
        && !begun(commands, order_id, &context).await?
    {
        return Err(ExecuteError::<DeliveryRefusal>::VersionMismatch { actual: found.version }.into());
    }
    let follow_up = context.then(PICK_UP);
    let ship = CommandContext { if_match: None, ..context };
    let order = commands.executor.execute::<Order>(order_id.uuid(), ShipOrder { delivery_id }, ship).await?;
    let mut delivery =
        commands.executor.execute::<Delivery>(delivery_id.uuid(), PickUp { driver_id }, follow_up).await?;
    delivery.position = delivery.position.max(order.position);
    Ok(PickedUp { order, delivery })
}

/// Whether this command has been at work before: then the version is not the one its caller saw.
async fn begun(
    commands: &Commands,
    order_id: OrderId,
    context: &CommandContext,
) -> Result<bool, ExecuteError<DeliveryRefusal>> {
    let stream = StreamId::new(Order::TYPE, order_id.uuid());
    let found = commands.executor.log().find_command(&stream, context.command_id).await;
    found.map(|events| !events.is_empty()).map_err(|error| ExecuteError::Unavailable(error.to_string()))
}
