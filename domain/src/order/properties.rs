//! The life of an order, whatever is asked of it in whatever order.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{fixtures::*, *};
use crate::{DomainEvent, Money, Quantity, fixtures::*, properties::ask_all};

/// Mostly what fits the order of the fixtures, sometimes another's payment, delivery, producer or amount.
fn command() -> impl Strategy<Value = OrderCommand> {
    let intent = || prop_oneof![9 => Just(INTENT.to_owned()), 1 => Just("pi_other".to_owned())];
    let amount = || prop_oneof![9 => Just(total()), 1 => Just(money("13.49 EUR"))];
    let delivery = || prop_oneof![6 => Just(1u128), 3 => Just(2), 1 => Just(3)].prop_map(delivery_id);
    let producer = || prop_oneof![4 => Just(marie()), 4 => Just(paul()), 1 => Just(stranger())];
    let line = || prop_oneof![Just(10u128), Just(11)].prop_map(product_id);
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
        1 => Just(ConfirmRefund { amount: money("11.25 EUR"), ..confirm_refund() }.into()),
        1 => (delivery(), delivery()).prop_map(|(failed_delivery_id, delivery_id)| {
            RescheduleDelivery { failed_delivery_id, delivery_id, tracking_number: tracking_number(2) }.into()
        }),
        1 => delivery().prop_map(|delivery_id| GiveUpDelivery { delivery_id }.into()),
        3 => (producer(), line(), option_of(&[0, 1_000, 2_000]), option_of(&[0, 150, 1_000])).prop_map(
            |(producer_id, product_id, thousandths, cents)| {
                let quantity = thousandths.map(|some| Quantity::from_thousandths(some).unwrap());
                let total = cents.map(|some| Money::from_hundredths(some, total().currency()).unwrap());
                ReportLine { producer_id, product_id, quantity, total, note: None }.into()
            }
        ),
        1 => (prop_oneof![Just(buyer()), Just(stranger())], line()).prop_map(|(buyer_id, product_id)| {
            CancelLine { by: LineCanceller::Buyer(buyer_id), product_id, note: None }.into()
        }),
        2 => (1..4u32).prop_map(|adjustment| RequestPartialRefund { adjustment }.into()),
        3 => (1..4u32, proptest::sample::select(&[75, 225, 675, 1_125][..]), "re_[0-9]").prop_map(|(adjustment, cents, refund_id)| {
            let amount = Money::from_hundredths(cents, total().currency()).unwrap();
            ConfirmRefund { amount, refund_id, of: RefundOf::Difference(adjustment), ..confirm_refund() }.into()
        }),
    ]
}

fn option_of(values: &'static [i64]) -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(proptest::sample::select(values))
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
                "DeliveryRescheduled" | "LineAdjusted" | "PartialRefundRequested" | "PartialRefunded" => usize::MAX,
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
    fn what_is_given_back_and_what_is_kept_is_what_was_captured(commands in commands()) {
        let mut given_back = 0;
        let (mut asked, mut back) = (BTreeSet::new(), BTreeSet::new());
        let (_, order) = ask_all::<Order>(&commands, |before, event, after| {
            match event {
                OrderEvent::RefundRequested(event) => {
                    assert_eq!(before.refund_due(), Some(event.amount));
                    assert!(before.status == OrderStatus::Cancelled || before.undeliverable);
                }
                OrderEvent::PartialRefundRequested(event) => {
                    assert!(asked.insert(event.adjustment), "a difference is asked for twice");
                }
                OrderEvent::PartialRefunded(event) => {
                    assert!(asked.contains(&event.adjustment) && back.insert(event.adjustment));
                    given_back += event.amount.hundredths();
                }
                OrderEvent::PaymentRefunded(event) => given_back += event.amount.hundredths(),
                _ => {}
            }
            // What the lines cost now, and the differences of all changes, is what was paid.
            let costs: i64 = after.lines_now().map(|line| line.total.hundredths()).sum();
            let differences: i64 = after.adjustments.iter().map(|change| change.refund.hundredths()).sum();
            assert!(after.placed.is_none() || costs + differences == total().hundredths(), "{event:?}");
            assert!(given_back <= after.payment.captured.map_or(0, |captured| captured.hundredths()));
        });
        let differences_are_back = order
            .adjustments
            .iter()
            .all(|change| matches!(change.status, DifferenceStatus::None | DifferenceStatus::Refunded));
        if order.payment.status == PaymentStatus::Refunded && differences_are_back {
            prop_assert_eq!(Some(given_back), order.payment.captured.map(|captured| captured.hundredths()));
            prop_assert_eq!(order.refund_due(), None);
        }
    }

    #[test]
    fn a_line_only_becomes_less_and_only_before_it_is_prepared(commands in commands()) {
        ask_all::<Order>(&commands, |before, event, after| {
            for (then, now) in before.lines_now().zip(after.lines_now()) {
                assert!(now.quantity <= then.quantity && now.total.hundredths() <= then.total.hundredths());
                assert!(now == then || !before.prepared_by.contains(&now.producer_id));
            }
            if let OrderEvent::LineAdjusted(event) = event {
                assert_eq!(event.ready_for_pickup, after.ready_for_pickup());
                assert!(matches!(before.status, OrderStatus::Confirmed | OrderStatus::Processing));
                assert_eq!(event.adjustment as usize, after.adjustments.len());
            }
        });
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
