//! A driver has brought the goods: the delivery is completed, and the order delivered.
//!
//! Two aggregates, so two commands. If this ends between the two, the fulfilment sees the completed delivery and delivers the
//! order with the same command id.

use agrodeep_domain::{
    AccountId, Delivery, DeliveryId, Order, Personal,
    delivery::{CompleteDelivery, DeliveryRefusal},
    order::DeliverOrder,
};

use super::DeliveryError;
use crate::{CommandContext, Commands, Executed};

/// The name from which the id of the command on the order is derived, the cause being the command that completed the
/// delivery ([`crate::command_id::derived`]).
pub const DELIVER_ORDER: &str = "deliver_order";

/// Which delivery, and what proves it.
#[derive(Clone, Debug)]
pub struct CompleteRequest {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// Who brought the goods.
    pub driver_id: AccountId,
    /// Who signed, or the signature as the driver's device stored it.
    pub signature: Personal<String>,
    /// Where the photo is.
    pub photo: Personal<String>,
}

/// A delivery that was completed.
#[derive(Clone, Debug)]
pub struct Completed {
    /// What came of the command on the delivery.
    pub delivery: Executed<Delivery>,
    /// What came of the command on the order; its position is the later one.
    pub order: Executed<Order>,
}

/// Completes a delivery and delivers its order. An expected version is the delivery's.
pub async fn complete(
    commands: &Commands,
    request: CompleteRequest,
    context: CommandContext,
) -> Result<Completed, DeliveryError> {
    let CompleteRequest { delivery_id, driver_id, signature, photo } = request;
    let follow_up = context.then(DELIVER_ORDER);
    let command =
        CompleteDelivery { driver_id, signature: signature.into_inner(), photo: photo.into_inner() };
    let (delivery, order_id) = commands
        .executor
        .execute_with::<Delivery, _>(delivery_id.uuid(), command, context, |delivery: &Delivery| {
            delivery.scheduled.as_ref().map(|scheduled| scheduled.order_id)
        })
        .await?;
    let order_id = order_id.ok_or(DeliveryRefusal::NoSuchDelivery)?;
    let mut order =
        commands.executor.execute::<Order>(order_id.uuid(), DeliverOrder { delivery_id }, follow_up).await?;
    order.position = order.position.max(delivery.position);
    Ok(Completed { delivery, order })
}
