//! Call the delivery off before anybody picks it up.

use agrodeep_domain::{
    Delivery,
    delivery::{CancelDelivery, DeliveryRefusal},
};

use super::{Attempt, Performed, Trouble};
use crate::order_fulfilment::delivery_id;

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let id = delivery_id(attempt.order_id(), 1);
    match attempt.execute(id.uuid(), CancelDelivery, |_: &Delivery| ()).await? {
        // Whether it was ever scheduled may have been open.
        Ok(()) | Err(DeliveryRefusal::NoSuchDelivery) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
