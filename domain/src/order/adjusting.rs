//! What becomes of a line when its producer reports it, or somebody calls it off.
#![allow(clippy::unwrap_used)]

use super::{fixtures::*, *};
use crate::{Quantity, fixtures::*, testing::given};

/// Paul has `available` of the three bunches of basil.
fn basil(available: &str) -> ReportLine {
    ReportLine {
        producer_id: paul(),
        product_id: product_id(11),
        quantity: Some(quantity(available)),
        total: None,
        note: None,
    }
}

/// The tomatoes of Marie cost this once they are weighed.
fn weighed(total: &str) -> ReportLine {
    let total = Some(money(total));
    ReportLine { producer_id: marie(), product_id: product_id(10), quantity: None, total, note: None }
}

fn cancel(by: LineCanceller, product: u128) -> CancelLine {
    CancelLine { by, product_id: product_id(product), note: None }
}

fn adjusted(change: LineAdjusted) -> OrderEvent {
    change.into()
}

#[test]
fn a_producer_has_none_of_a_line_and_the_order_goes_on_with_the_rest() {
    given::<Order>(until_confirmed()).when(basil("0")).then([basil_is_out().into()]);
    let order = order(until_basil_is_out());
    assert_eq!(order.status, OrderStatus::Confirmed);
    assert_eq!(order.refund_due(), Some(money("11.25 EUR")));
    assert_eq!(
        order.lines_now().map(|line| line.total).collect::<Vec<_>>(),
        [money("11.25 EUR"), money("0.00 EUR")]
    );
}

#[test]
fn a_producer_has_less_of_a_line_at_its_price() {
    let less = LineAdjusted {
        quantity: quantity("2"),
        total: money("1.50 EUR"),
        cause: AdjustmentCause::PartlyAvailable,
        refund: money("0.75 EUR"),
        ..basil_is_out()
    };
    given::<Order>(until_confirmed()).when(basil("2")).then([adjusted(less.clone())]);
    let then_none = LineAdjusted { adjustment: 2, refund: money("1.50 EUR"), ..basil_is_out() };
    given::<Order>(and(until_confirmed(), less.into())).when(basil("0")).then([adjusted(then_none)]);
}

#[test]
fn what_is_ordered_by_the_piece_costs_what_it_weighs() {
    let expected = LineAdjusted {
        product_id: product_id(10),
        quantity: quantity("2.5"),
        total: money("10.80 EUR"),
        cause: AdjustmentCause::Weighed,
        refund: money("0.45 EUR"),
        ..basil_is_out()
    };
    given::<Order>(until_confirmed()).when(weighed("10.80 EUR")).then([adjusted(expected.clone())]);
    // A part of what was cheaper by its weight is not dearer than all of it.
    let part = ReportLine { quantity: Some(quantity("2.499")), ..weighed("1.00 EUR") };
    let part = ReportLine { total: None, ..part };
    let cheaper = LineAdjusted { total: money("1.00 EUR"), refund: money("10.25 EUR"), ..expected.clone() };
    given::<Order>(and(until_confirmed(), cheaper.into())).when(part).then([adjusted(LineAdjusted {
        adjustment: 2,
        quantity: quantity("2.499"),
        total: money("1.00 EUR"),
        cause: AdjustmentCause::PartlyAvailable,
        refund: money("0.00 EUR"),
        ..expected
    })]);
}

#[test]
fn the_buyer_never_pays_more_than_was_agreed() {
    let basil_as_ordered = OrderRefusal::MoreThanAgreed { quantity: quantity("3"), total: money("2.25 EUR") };
    given::<Order>(until_confirmed()).when(basil("3.001")).then_refused(basil_as_ordered);
    let tomatoes = OrderRefusal::MoreThanAgreed { quantity: quantity("2.5"), total: money("11.25 EUR") };
    given::<Order>(until_confirmed()).when(weighed("11.26 EUR")).then_refused(tomatoes);
    let gone = OrderRefusal::MoreThanAgreed { quantity: Quantity::ZERO, total: money("0.00 EUR") };
    given::<Order>(until_basil_is_out()).when(basil("1")).then_refused(gone);
}

#[test]
fn a_line_costs_in_its_currency_and_nothing_costs_nothing() {
    given::<Order>(until_confirmed())
        .when(weighed("10.80 USD"))
        .then_refused(OrderRefusal::OtherAmount { expected: money("11.25 EUR") });
    let none_for_money = ReportLine { quantity: Some(Quantity::ZERO), ..weighed("1.00 EUR") };
    given::<Order>(until_confirmed())
        .when(none_for_money)
        .then_refused(OrderRefusal::OtherAmount { expected: money("0.00 EUR") });
    given::<Order>(until_basil_is_out()).when(weighed("0.00 EUR")).then_refused(OrderRefusal::NothingToPay);
}

#[test]
fn what_is_said_again_changes_nothing() {
    given::<Order>(until_basil_is_out()).when(basil("0")).then_nothing();
    given::<Order>(until_basil_is_out()).when(cancel(LineCanceller::Admin, 11)).then_nothing();
    given::<Order>(until_confirmed()).when(basil("3")).then_nothing();
    given::<Order>(until_ready()).when(weighed("11.25 EUR")).then_nothing();
}

#[test]
fn a_line_that_is_prepared_is_not_changed_any_more() {
    for events in [until_processing(), until_ready()] {
        given::<Order>(events.clone()).when(weighed("1.00 EUR")).then_refused(OrderRefusal::LinePrepared);
        given::<Order>(events)
            .when(cancel(LineCanceller::Buyer(buyer()), 10))
            .then_refused(OrderRefusal::LinePrepared);
    }
}

#[test]
fn when_the_last_that_was_missing_is_not_available_the_order_can_be_picked_up() {
    let ready = LineAdjusted { ready_for_pickup: true, ..basil_is_out() };
    given::<Order>(until_processing()).when(basil("0")).then([adjusted(ready.clone())]);
    assert!(order(and(until_processing(), ready.into())).ready_for_pickup());
    let alone = and(until_basil_is_out(), prepared(marie(), true));
    given::<Order>(until_basil_is_out())
        .when(PrepareLines { producer_id: marie() })
        .then([prepared(marie(), true)]);
    assert!(order(alone).ready_for_pickup());
    given::<Order>(until_basil_is_out()).when(PrepareLines { producer_id: paul() }).then_nothing();
}

#[test]
fn a_buyer_or_an_admin_calls_one_line_off() {
    for (by, written) in
        [(LineCanceller::Buyer(buyer()), AdjustedBy::Buyer), (LineCanceller::Admin, AdjustedBy::Admin)]
    {
        let expected = LineAdjusted { by: written, cause: AdjustmentCause::Cancelled, ..basil_is_out() };
        given::<Order>(until_confirmed()).when(cancel(by, 11)).then([adjusted(expected)]);
    }
    given::<Order>(until_confirmed())
        .when(cancel(LineCanceller::Buyer(stranger()), 11))
        .then_refused(OrderRefusal::NotYours);
}

#[test]
fn without_its_last_line_the_order_is_called_off() {
    let tomatoes = ReportLine { quantity: Some(Quantity::ZERO), total: None, ..weighed("1.00 EUR") };
    let left = Some(money("11.25 EUR"));
    given::<Order>(until_basil_is_out())
        .when(tomatoes)
        .then([cancelled(CancelReason::StockUnavailable, left)]);
    for (by, reason) in [
        (LineCanceller::Buyer(buyer()), CancelReason::BuyerRequest),
        (LineCanceller::Admin, CancelReason::AdminDecision),
    ] {
        given::<Order>(until_basil_is_out()).when(cancel(by, 10)).then([cancelled(reason, left)]);
    }
}

#[test]
fn only_lines_of_a_paid_order_that_has_not_left_are_changed() {
    for (events, refusal) in [
        (vec![], OrderRefusal::NoSuchOrder),
        (vec![placed()], OrderRefusal::NotConfirmed),
        (until_paid(), OrderRefusal::NotConfirmed),
        (until_shipped(), OrderRefusal::AlreadyShipped),
        (until_delivered(), OrderRefusal::AlreadyDelivered),
        (and(until_confirmed(), cancelled_paid()), OrderRefusal::AlreadyCancelled),
    ] {
        given::<Order>(events.clone()).when(basil("1")).then_refused(refusal.clone());
        given::<Order>(events).when(cancel(LineCanceller::Buyer(buyer()), 11)).then_refused(refusal);
    }
}

#[test]
fn a_producer_changes_its_own_lines_only() {
    let by = |producer_id| ReportLine { producer_id, ..basil("1") };
    given::<Order>(until_confirmed()).when(by(stranger())).then_refused(OrderRefusal::NotYours);
    given::<Order>(until_confirmed())
        .when(by(marie()))
        .then_refused(OrderRefusal::NoSuchLine(product_id(11)));
    given::<Order>(until_confirmed())
        .when(cancel(LineCanceller::Admin, 12))
        .then_refused(OrderRefusal::NoSuchLine(product_id(12)));
}

#[test]
fn lines_of_an_imported_order_stay_as_they_were() {
    let mut events = until_confirmed();
    let OrderEvent::OrderPlaced(placed) = &mut events[0] else { unreachable!() };
    placed.conductor = Conductor::Import;
    given::<Order>(events.clone()).when(basil("1")).then_refused(OrderRefusal::Imported);
    given::<Order>(events).when(cancel(LineCanceller::Admin, 11)).then_refused(OrderRefusal::Imported);
}

#[test]
fn a_line_is_not_changed_without_end() {
    let mut events = until_confirmed();
    for n in 1..=ADJUSTMENTS_MAX as u32 {
        let less = LineAdjusted { adjustment: n, quantity: quantity("2"), ..basil_is_out() };
        events.push(LineAdjusted { refund: money("0.00 EUR"), total: money("1.50 EUR"), ..less }.into());
    }
    given::<Order>(events)
        .when(basil("1"))
        .then_refused(OrderRefusal::TooManyAdjustments { max: ADJUSTMENTS_MAX });
}

#[test]
fn the_commands_keep_quiet_about_what_people_say() {
    let note = Some(CANARY.to_owned());
    assert_keeps_quiet(&ReportLine { note: note.clone(), ..basil("1") });
    assert_keeps_quiet(&CancelLine { note: note.clone(), ..cancel(LineCanceller::Admin, 11) });
    let noted = ReportLine { note, ..basil("1") };
    assert_keeps_quiet(&order(until_confirmed()).report_line(&noted).unwrap());
}
