use std::fmt;

use super::{Delivery, DeliveryEvent, DeliveryRefusal, DeliveryScheduled, DeliveryWindow};
use crate::{AccountId, Address, DeliveryId, OrderId, Personal, TrackingNumber};

/// Plan to bring an order to its buyer. Planned again for the same order, nothing changes.
#[derive(Clone, PartialEq)]
pub struct ScheduleDelivery {
    /// The delivery's id.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
    /// What is brought.
    pub order_id: OrderId,
    /// To whom.
    pub buyer_id: AccountId,
    /// Where.
    pub address: Address,
    /// From when until when it is to be brought.
    pub window: Option<DeliveryWindow>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// Personal data stays hidden.
impl fmt::Debug for ScheduleDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduleDelivery")
            .field("delivery_id", &self.delivery_id)
            .field("tracking_number", &self.tracking_number)
            .field("order_id", &self.order_id)
            .field("buyer_id", &self.buyer_id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl Delivery {
    pub(super) fn schedule(&self, command: &ScheduleDelivery) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        match &self.scheduled {
            Some(scheduled)
                if scheduled.order_id == command.order_id && scheduled.attempt == command.attempt =>
            {
                Ok(vec![])
            }
            Some(_) => Err(DeliveryRefusal::AlreadyScheduled),
            None => Ok(vec![
                DeliveryScheduled {
                    delivery_id: command.delivery_id,
                    tracking_number: command.tracking_number,
                    order_id: command.order_id,
                    buyer_id: command.buyer_id,
                    address: Personal::new(command.address.clone()),
                    window: command.window,
                    attempt: command.attempt,
                }
                .into(),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        delivery::{DeliveryStatus, fixtures::*},
        fixtures::*,
        testing::given,
    };

    #[test]
    fn a_delivery_is_scheduled_for_an_order() {
        given::<Delivery>([]).when(schedule()).then([scheduled()]);
        assert_eq!(status(vec![scheduled()]), DeliveryStatus::Scheduled);
    }

    #[test]
    fn a_delivery_scheduled_again_for_the_same_attempt_changes_nothing() {
        for events in [vec![scheduled()], until_in_transit(), until_cancelled()] {
            given::<Delivery>(events).when(schedule()).then_nothing();
        }
    }

    #[test]
    fn a_delivery_does_not_change_its_order_or_attempt() {
        for other in [
            ScheduleDelivery { order_id: order_id(101), ..schedule() },
            ScheduleDelivery { attempt: 2, ..schedule() },
        ] {
            given::<Delivery>([scheduled()]).when(other).then_refused(DeliveryRefusal::AlreadyScheduled);
        }
    }

    #[test]
    fn the_command_keeps_quiet_about_where_it_goes() {
        let address = Address { street: CANARY.to_owned(), ..address() };
        assert_keeps_quiet(&ScheduleDelivery { address, ..schedule() });
    }
}
