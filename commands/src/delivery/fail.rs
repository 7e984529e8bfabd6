//! A driver could not bring the goods. What follows (another attempt, or the money back) is the fulfilment's.

use agrodeep_domain::{
    AccountId, Delivery, DeliveryId, Personal,
    delivery::{DeliveryRefusal, FailDelivery},
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Which delivery, and why.
#[derive(Clone, Debug)]
pub struct FailRequest {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// Who tried.
    pub driver_id: AccountId,
    /// Why not, in the driver's words.
    pub reason: Personal<String>,
}

/// Records that a delivery has failed.
pub async fn fail(
    commands: &Commands,
    request: FailRequest,
    context: CommandContext,
) -> Result<Executed<Delivery>, ExecuteError<DeliveryRefusal>> {
    let command = FailDelivery { driver_id: request.driver_id, reason: request.reason.into_inner() };
    commands.executor.execute::<Delivery>(request.delivery_id.uuid(), command, context).await
}
