//! Lines that become less after they were paid, between everything else that can happen.

use super::{Scenario, explore};

/// However producers and buyers make lines less, between everything else: each difference goes back once, only what is left of
/// the money goes back when the order ends, and only what is left of the goods leaves the stock.
#[test]
fn lines_that_become_less_give_back_the_difference_and_the_stock() {
    let ends = ["delivered 1", "delivered 2", "written off", "cancelled buyer_request Refunded"];
    let cancelled = "cancelled stock_unavailable Refunded";
    let scenario = Scenario { stock: &[2], ships: true, changes_max: 2, ..Scenario::default() };
    explore(Scenario { kills_max: 1, ..scenario }, &[&ends[..], &[cancelled]].concat());
    let two = Scenario { stock: &[1, 1], changes_max: 2, ships: false, cancels: true, ..scenario };
    explore(
        two,
        &[
            "cancelled buyer_request None",
            "cancelled buyer_request Requested",
            "cancelled buyer_request Refunded",
            cancelled,
        ],
    );
}

/// The same, with what fails, is parked, skipped, called off by a person, or done late by who stood still.
#[test]
fn lines_that_become_less_come_out_right_whatever_fails() {
    let scenario = Scenario { stock: &[2], ships: true, changes_max: 1, ..Scenario::default() };
    let ends = [
        "delivered 1",
        "delivered 2",
        "written off",
        "cancelled buyer_request Refunded",
        "cancelled stock_unavailable Refunded",
    ];
    explore(Scenario { sleeps_max: 1, ..scenario }, &ends);
    explore(Scenario { failures_max: 1, parks: true, skips: true, ..scenario }, &ends);
    let called_off = [
        "cancelled admin_decision None",
        "cancelled admin_decision Requested",
        "cancelled admin_decision Refunded",
    ];
    explore(Scenario { abandons: true, pauses_max: 1, ..scenario }, &[&ends[..], &called_off].concat());
}
