//! An admin gives a delivery to a driver.

use agrodeep_domain::{
    Account, AccountId, Delivery, DeliveryId, Personal, Role,
    delivery::{AssignDriver, DeliveryRefusal},
};

use crate::{CommandContext, Commands, ExecuteError, Executed, store_error::of_look_up};

/// Which delivery, and who drives.
#[derive(Clone, Debug)]
pub struct AssignRequest {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// Who drives.
    pub driver_id: AccountId,
    /// In what.
    pub vehicle: Option<Personal<String>>,
}

/// Why a delivery was not given to a driver.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AssignError {
    /// There is no such account, or it is no driver's.
    #[error("must be a driver's account")]
    NoDriver,
    /// The command was not executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError<DeliveryRefusal>),
}

/// Gives a delivery to a driver, or to another one before pick-up.
pub async fn assign(
    commands: &Commands,
    request: AssignRequest,
    context: CommandContext,
) -> Result<Executed<Delivery>, AssignError> {
    let driver =
        commands.executor.state::<Account>(request.driver_id.uuid()).await.map_err(of_look_up)?.state;
    if driver.role != Some(Role::Driver) {
        return Err(AssignError::NoDriver);
    }
    let command =
        AssignDriver { driver_id: request.driver_id, vehicle: request.vehicle.map(Personal::into_inner) };
    Ok(commands.executor.execute::<Delivery>(request.delivery_id.uuid(), command, context).await?)
}
