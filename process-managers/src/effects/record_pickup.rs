//! Make sure that the delivery knows what the order knows: the driver has the goods.
//!
//! The order is shipped before its delivery is picked up, as it arbitrates between shipping and cancelling. Whoever ships it
//! records the pick-up too; this is for when they could not.

use agrodeep_domain::{
    AccountId, Delivery,
    delivery::{DeliveryRefusal, DeliveryStatus, PickUp},
};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::Refusal;

/// The driver whose pick-up is not recorded yet; `None`: it is.
pub(crate) fn missing(delivery: &Delivery) -> Result<Option<AccountId>, &'static str> {
    match (delivery.status, delivery.driver_id) {
        (DeliveryStatus::Assigned, Some(driver_id)) => Ok(Some(driver_id)),
        (
            DeliveryStatus::PickedUp
            | DeliveryStatus::InTransit
            | DeliveryStatus::Delivered
            | DeliveryStatus::Failed,
            _,
        ) => Ok(None),
        (DeliveryStatus::Assigned | DeliveryStatus::Scheduled, _) => Err("the order left without a driver"),
        (DeliveryStatus::Cancelled, _) => Err("the order left with a delivery that is cancelled"),
    }
}

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let Some(delivery_id) = attempt.state.shipped_by else {
        return Err(Trouble::Failed("the order has not been shipped".to_owned()));
    };
    let missing = attempt.look(delivery_id.uuid(), missing).await?;
    let driver_id = match missing {
        Ok(Some(driver_id)) => driver_id,
        Ok(None) => return Ok(None),
        Err(why) => return Err(Trouble::Refused(Refusal::Because(why.to_owned()))),
    };
    let attempt = attempt.in_the_name_of(driver_id);
    match attempt.execute(delivery_id.uuid(), PickUp { driver_id }, |_: &Delivery| ()).await? {
        // Since we looked, the driver was faster, and has perhaps done more.
        Ok(()) | Err(DeliveryRefusal::AlreadyDelivered | DeliveryRefusal::AlreadyFailed) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
