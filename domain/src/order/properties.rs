//! The life of an order, whatever is asked of it in whatever order.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{fixtures::*, *};
use crate::{DomainEvent, Money, fixtures::*, properties::ask_all};

/// Mostly what fits the order of the fixtures, sometimes another's payment, delivery, producer or amount.
fn command() -> impl Strategy<Value = OrderCommand> {
    let intent = || prop_oneof![9 => Just(INTENT.to_owned()), 1 => Just("pi_other".to_owned())];
    let amount = || prop_oneof![9 => Just(total()), 1 => Just(money("13.49 EUR"))];
    let delivery = || prop_oneof![6 => Just(1u128), 3 => Just(2), 1 => Just(3)].prop_map(delivery_id);
    let producer = || prop_oneof![4 => Just(marie()), 4 => Just(paul()), 1 => Just(stranger())];
    let canceller = prop_oneof![
        Just(Canceller::Buyer(buyer())),
        Just(Canceller::Buyer(stranger())),
        Just(Canceller::Admin),
        Just(Canceller::Fulfilment(CancelReason::PaymentTimeout)),
    ];
    prop_oneof![
        1 => any::<bool>().prop_map(|is_agreed| {
            let agreed = DeliveryAgreed { day: day(), window: crate::delivery::DeliveryWindow::of_day(day()) };
            PlaceOrder { agreed_delivery: is_agreed.then_some(agreed), ..place() }.into()
        }),
        3 => intent().prop_map(|intent_id| RequestPayment { intent_id }.into()),
        4 => (intent(), amount()).prop_map(|(intent_id, amount)| CapturePayment { intent_id, amount, ..capture() }.into()),
        1 => intent().prop_map(|intent_id| DeclinePayment { intent_id, ..decline() }.into()),
        4 => delivery().prop_map(|delivery_id| ConfirmOrder { delivery_id, ..confirm() }.into()),
        5 => producer().prop_map(|producer_id| PrepareLines { producer_id }.into()),
        4 => delivery().prop_map(|delivery_id| ShipOrder { delivery_id }.into()),
        1 => delivery().prop_map(|delivery_id| DeliverOrder { delivery_id }.into()),
        1 => canceller.prop_map(|by| CancelOrder { by, note: None }.into()),
        2 => Just(RequestRefund.into()),
        2 => (intent(), amount()).prop_map(|(intent_id, amount)| ConfirmRefund { intent_id, amount, ..confirm_refund() }.into()),
        1 => (delivery(), delivery()).prop_map(|(failed_delivery_id, delivery_id)| {
            RescheduleDelivery { failed_delivery_id, delivery_id, tracking_number: tracking_number(2) }.into()
        }),
        1 => delivery().prop_map(|delivery_id| GiveUpDelivery { delivery_id }.into()),
    ]
}

fn commands() -> impl Strategy<Value = Vec<OrderCommand>> {
    proptest::collection::vec(command(), 0..120)
}

fn allowed(from: OrderStatus, to: OrderStatus) -> bool {
    use OrderStatus::{Cancelled, Confirmed, Delivered, Pending, Processing, Shipped};
    matches!(
        (from, to),
        (Pending, Confirmed | Cancelled)
            | (Confirmed, Processing | Cancelled)
            | (Processing, Shipped | Cancelled)
            | (Shipped, Delivered)
    )
}

fn payment_allowed(from: PaymentStatus, to: PaymentStatus) -> bool {
    use PaymentStatus::{Captured, Declined, None, RefundRequested, Refunded, Requested};
    matches!(
        (from, to),
        (None, Requested)
            | (Requested, Captured | Declined)
            | (Declined, Captured)
            | (Captured, RefundRequested)
            | (RefundRequested, Refunded)
    )
}

/// How often each event has happened.
fn counts(events: &[OrderEvent]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event.name()).or_default() += 1;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn an_order_moves_only_along_the_allowed_edges(commands in commands()) {
        ask_all::<Order>(&commands, |before, event, after| {
            let (from, to) = (before.status, after.status);
            assert!(from == to || allowed(from, to), "{from:?} → {to:?} by {event:?}");
            let (from, to) = (before.payment.status, after.payment.status);
            assert!(from == to || payment_allowed(from, to), "{from:?} → {to:?} by {event:?}");
        });
    }

    #[test]
    fn what_may_happen_once_happens_at_most_once(commands in commands()) {
        let (events, _) = ask_all::<Order>(&commands, |_, _, _| {});
        for (name, count) in counts(&events) {
            let most = match name {
                "LinesPrepared" => 2,
                "DeliveryRescheduled" => usize::MAX,
                _ => 1,
            };
            prop_assert!(count <= most, "{name} happened {count} times");
        }
    }

    #[test]
    fn a_cancelled_order_is_never_shipped_and_a_shipped_one_never_cancelled(commands in commands()) {
        let (events, _) = ask_all::<Order>(&commands, |_, _, _| {});
        let happened: BTreeSet<_> = events.iter().map(DomainEvent::name).collect();
        prop_assert!(!(happened.contains("OrderCancelled") && happened.contains("OrderShipped")));
    }

    #[test]
    fn nobody_keeps_both_the_goods_and_the_money(commands in commands()) {
        let (events, order) = ask_all::<Order>(&commands, |_, _, _| {});
        let happened: BTreeSet<_> = events.iter().map(DomainEvent::name).collect();
        prop_assert!(!(happened.contains("OrderDelivered") && happened.contains("RefundRequested")));
        prop_assert!(!happened.contains("OrderConfirmed") || order.payment.captured == Some(total()));
    }

    #[test]
    fn exactly_what_was_captured_is_given_back(commands in commands()) {
        let mut given_back: Option<Money> = None;
        let (_, order) = ask_all::<Order>(&commands, |before, event, _| match event {
            OrderEvent::RefundRequested(event) => {
                assert_eq!(before.refund_due(), Some(event.amount));
                assert!(before.status == OrderStatus::Cancelled || before.undeliverable);
            }
            OrderEvent::PaymentRefunded(event) => given_back = Some(event.amount),
            _ => {}
        });
        if order.payment.status == PaymentStatus::Refunded {
            prop_assert_eq!(given_back, order.payment.captured);
            prop_assert_eq!(order.refund_due(), None);
        }
    }

    #[test]
    fn an_order_is_shipped_when_all_have_prepared_and_not_before(commands in commands()) {
        ask_all::<Order>(&commands, |before, event, after| match event {
            OrderEvent::LinesPrepared(event) => assert_eq!(event.ready_for_pickup, after.ready_for_pickup()),
            OrderEvent::OrderShipped(_) => assert!(before.ready_for_pickup()),
            _ => {}
        });
    }
}

#[test]
fn the_commands_above_lead_everywhere() {
    // Otherwise the properties would hold for want of anything happening.
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..2000 {
        let commands = commands().new_tree(&mut runner).unwrap().current();
        let (events, _) = ask_all::<Order>(&commands, |_, _, _| {});
        seen.extend(events.iter().map(DomainEvent::name));
    }
    assert_eq!(seen, OrderEvent::NAMES.iter().copied().collect());
}
