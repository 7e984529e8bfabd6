//! Make sure that the order knows what the delivery knows: the buyer has the goods.

use agrodeep_domain::{Delivery, Order, order::DeliverOrder};

use super::{Attempt, Performed, Trouble};

pub(super) async fn perform(attempt: &Attempt<'_>) -> Performed {
    let Some(delivery_id) = attempt.state.delivered_by else {
        return Err(Trouble::Failed("the order has not been delivered".to_owned()));
    };
    let driver_id = attempt.look(delivery_id.uuid(), |delivery: &Delivery| delivery.driver_id).await?;
    let attempt = driver_id.map_or_else(|| attempt.clone(), |driver_id| attempt.in_the_name_of(driver_id));
    match attempt.execute(attempt.order_id().uuid(), DeliverOrder { delivery_id }, |_: &Order| ()).await? {
        Ok(()) => Ok(None),
        Err(refusal) => Err(Trouble::because(&refusal)),
    }
}
