//! The life of a delivery, whatever is asked of it in whatever order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{fixtures::*, *};
use crate::{DomainEvent, fixtures::*, properties::ask_all};

fn command() -> impl Strategy<Value = DeliveryCommand> {
    let who = || prop_oneof![4 => Just(driver()), 1 => Just(stranger())];
    prop_oneof![
        2 => (1..=2u32).prop_map(|attempt| ScheduleDelivery { attempt, ..schedule() }.into()),
        3 => who().prop_map(|driver_id| AssignDriver { driver_id, vehicle: None }.into()),
        3 => who().prop_map(|driver_id| PickUp { driver_id }.into()),
        2 => who().prop_map(|driver_id| StartTransit { driver_id }.into()),
        1 => who().prop_map(|driver_id| {
            CompleteDelivery { driver_id, signature: String::new(), photo: String::new() }.into()
        }),
        1 => who().prop_map(|driver_id| FailDelivery { driver_id, reason: String::new() }.into()),
        1 => Just(CancelDelivery.into()),
    ]
}

fn allowed(from: DeliveryStatus, to: DeliveryStatus) -> bool {
    use DeliveryStatus::{Assigned, Cancelled, Delivered, Failed, InTransit, PickedUp, Scheduled};
    matches!(
        (from, to),
        (Scheduled, Assigned | Cancelled)
            | (Assigned, PickedUp | Cancelled)
            | (PickedUp, InTransit | Delivered | Failed)
            | (InTransit, Delivered | Failed)
    )
}

proptest! {
    #[test]
    fn a_delivery_moves_only_along_the_allowed_edges(commands in proptest::collection::vec(command(), 0..60)) {
        ask_all::<Delivery>(&commands, |before, event, after| {
            let (from, to) = (before.status, after.status);
            assert!(from == to || allowed(from, to), "{from:?} → {to:?} by {event:?}");
            assert!(!before.status.on_the_way() || before.driver_id == after.driver_id);
        });
    }

    #[test]
    fn a_delivery_ends_at_most_once(commands in proptest::collection::vec(command(), 0..60)) {
        let (events, _) = ask_all::<Delivery>(&commands, |_, _, _| {});
        let ends = events.iter().map(DomainEvent::name).filter(|name| {
            BTreeSet::from(["DeliveryCompleted", "DeliveryFailed", "DeliveryCancelled"]).contains(name)
        });
        prop_assert!(ends.count() <= 1);
    }
}
