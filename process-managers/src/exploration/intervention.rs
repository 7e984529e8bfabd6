//! What people decide, as moves among all others; and what must hold of their choices at any moment.

use agrodeep_domain::{
    Aggregate,
    order::{CancelReason, Conductor},
};
use chrono::{DateTime, Utc};

use super::{Scenario, explore, fixtures::due_at, record, take, tell, world::World};
use crate::order_fulfilment::{
    DeadlineKind, DeadlinePassed, EffectOutcome, Fact, Intervention, Observe, OrderFulfilment,
    OrderFulfilmentCommand, Outcome, Progress, Reason, RecordOutcomes, Step, forecast,
};

pub(super) fn why() -> Reason {
    "because".parse().unwrap()
}

/// A person makes a choice, if it is possible. What was foretold comes true.
pub(super) fn makes(world: &mut World, choice: &Intervention) -> bool {
    let told = forecast(&world.fulfilment, choice, |_| false);
    let command = OrderFulfilmentCommand::Intervene(choice.clone());
    let events = match world.fulfilment.decide(&command) {
        Ok(events) => events,
        Err(refusal) => {
            assert_eq!(told, Err(refusal));
            return false;
        }
    };
    let told = told.unwrap();
    assert_eq!(told.recorded, events);
    take(world, &events);
    if let Some(rounds) = what_is_done(world.clone()) {
        assert_eq!(told.course.rounds, rounds, "{choice:?}");
    }
    true
}

/// The rounds of effects that follow when everything works and nothing else happens; `None`: something does not work.
fn what_is_done(mut world: World) -> Option<Vec<Vec<Step>>> {
    let mut rounds = Vec::new();
    loop {
        let due: Vec<Step> =
            world.fulfilment.due(DateTime::<Utc>::MAX_UTC).into_iter().map(|(step, _)| step).collect();
        if due.is_empty() {
            return Some(rounds);
        }
        let mut outcomes = Vec::new();
        for step in &due {
            let outcome = world.perform(*step);
            if !matches!(outcome, Outcome::Done(_)) {
                return None;
            }
            outcomes.push(EffectOutcome { step: *step, outcome });
        }
        let events = world.fulfilment.decide(&RecordOutcomes { outcomes }.into()).unwrap();
        take(&mut world, &events);
        rounds.push(due);
    }
}

/// While it is paused nothing is due, nothing is waited for by the clock, and a deadline that comes all the same says nothing.
pub(super) fn holds_while_paused(fulfilment: &OrderFulfilment) {
    assert_eq!(fulfilment.due(DateTime::<Utc>::MAX_UTC), []);
    assert_eq!(fulfilment.deadlines(), []);
    let late = DeadlinePassed { kind: DeadlineKind::Payment, at: DateTime::<Utc>::MAX_UTC };
    assert_eq!(fulfilment.decide(&late.into()), Ok(vec![]));
}

#[test]
fn an_order_that_is_called_off_gives_everything_back_or_has_left() {
    let scenario = Scenario { stock: &[1], ships: true, abandons: true, kills_max: 1, ..Scenario::default() };
    let ends = [
        "cancelled admin_decision None",
        "cancelled admin_decision Requested",
        "cancelled admin_decision Refunded",
        "delivered 1",
        "delivered 2",
        "written off",
    ];
    explore(scenario, &ends);
    explore(Scenario { kills_max: 0, failures_max: 2, parks: true, ..scenario }, &ends);
}

#[test]
fn calling_off_comes_together_with_everything_that_cancels() {
    let scenario = Scenario {
        stock: &[1, 0],
        abandons: true,
        cancels: true,
        times_out: true,
        kills_max: 1,
        ..Scenario::default()
    };
    let ends = [
        "cancelled admin_decision None",
        "cancelled buyer_request None",
        "cancelled payment_timeout None",
        "cancelled stock_unavailable None",
    ];
    explore(scenario, &ends);
    let scenario = Scenario { stock: &[1], declines: true, kills_max: 0, ..scenario };
    let mut ends: Vec<String> = Vec::new();
    for reason in ["admin_decision", "buyer_request", "payment_timeout"] {
        for payment in ["None", "Requested", "Declined", "Refunded"] {
            ends.push(format!("cancelled {reason} {payment}"));
        }
    }
    ends.extend(
        ["cancelled payment_failed Declined", "cancelled payment_failed Refunded"].map(str::to_owned),
    );
    explore(scenario, &ends.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_person_who_skips_what_may_be_skipped_leaves_money_and_stock_right() {
    let scenario = Scenario {
        stock: &[1],
        cancels: true,
        times_out: true,
        failures_max: 1,
        parks: true,
        skips: true,
        kills_max: 1,
        ..Scenario::default()
    };
    let ends = [
        "cancelled buyer_request None",
        "cancelled buyer_request Requested",
        "cancelled buyer_request Refunded",
        "cancelled payment_timeout None",
        "cancelled payment_timeout Requested",
        "cancelled payment_timeout Refunded",
    ];
    explore(scenario, &ends);
    let scenario = Scenario { cancels: false, times_out: false, ships: true, ..scenario };
    explore(scenario, &["delivered 1", "delivered 2", "written off"]);
}

#[test]
fn a_pause_loses_and_repeats_nothing_whenever_it_comes() {
    let scenario = Scenario {
        stock: &[1],
        cancels: true,
        times_out: true,
        abandons: true,
        failures_max: 1,
        parks: true,
        pauses_max: 1,
        ..Scenario::default()
    };
    let mut ends: Vec<String> = Vec::new();
    for reason in ["admin_decision", "buyer_request", "payment_timeout"] {
        for payment in ["None", "Requested", "Refunded"] {
            ends.push(format!("cancelled {reason} {payment}"));
        }
    }
    let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
    explore(scenario, &ends);
    let scenario = Scenario {
        cancels: false,
        times_out: false,
        abandons: false,
        ships: true,
        pauses_max: 2,
        ..scenario
    };
    explore(scenario, &["delivered 1", "delivered 2", "written off"]);
}

/// A payment that comes while it is paused is in time, though the time for paying is over.
#[test]
fn what_comes_while_it_is_paused_counts_before_the_deadline() {
    let mut world = World::with_stock(&[1]);
    let start = world.start();
    let conductor = Conductor::ProcessManager;
    let observe = |start, facts| Observe { conductor, start, facts };
    tell(&mut world, observe(Some(start), vec![]));
    for _ in 0..2 {
        for (step, _) in world.fulfilment.due(due_at()) {
            let outcome = world.perform(step);
            record(&mut world, step, outcome);
        }
    }
    assert_eq!(world.fulfilment.deadlines(), [(DeadlineKind::Payment, due_at())]);
    assert!(makes(&mut world, &Intervention::Pause { reason: why() }));
    let late = DeadlinePassed { kind: DeadlineKind::Payment, at: DateTime::<Utc>::MAX_UTC };
    let mut unpaid = world.clone();
    tell(&mut world, observe(None, vec![Fact::PaymentCaptured]));
    for world in [&mut world, &mut unpaid] {
        assert!(makes(world, &Intervention::Resume { reason: None }));
        tell(world, late);
    }
    assert_eq!(
        (world.fulfilment.unwinding, world.fulfilment.progress(Step::ScheduleDelivery).cloned()),
        (None, Some(Progress::Pending { attempts: 0, retry_at: None }))
    );
    assert_eq!(unpaid.fulfilment.unwinding, Some(CancelReason::PaymentTimeout));
}
