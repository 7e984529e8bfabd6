//! Everything that can happen to one order, tried in every order.
//!
//! From each state every possible next thing is tried: a fact is observed, an effect is done and recorded, an effect is done
//! and the process is killed before it is recorded, an effect fails, the buyer pays, cancels, or does neither in time, the
//! provider's messages come late, the driver comes, delivers, fails. What must hold at any moment is checked at every
//! state; what must hold at the end, at every end.

#![allow(clippy::unwrap_used)]

mod fixtures;
mod intervention;
mod invariants;
mod less;
mod pair;
mod world;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use agrodeep_domain::{
    Aggregate,
    delivery::DeliveryStatus,
    order::{Conductor, OrderStatus, PaymentStatus},
};
use chrono::TimeDelta;

use self::{
    fixtures::due_at,
    intervention::why,
    invariants::{end_of, holds_at_any_moment, holds_at_the_end},
    world::{Charge, World},
};
use crate::order_fulfilment::{
    CompensationsPlanned, DeadlineKind, DeadlinePassed, EffectOutcome, EffectsPlanned, ExtendPaymentTime,
    Fact, FulfilmentOutcome, Intervention, Observe, OrderFulfilmentCommand, OrderFulfilmentEvent, Outcome,
    Progress, RecordOutcomes, Step,
};

/// What is tried in a scenario beside the fulfilment itself.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that may go wrong, or not")]
struct Scenario {
    stock: &'static [i64],
    /// The buyer's card is declined at first.
    declines: bool,
    /// The buyer cancels at some time.
    cancels: bool,
    /// The time for paying runs out at some time.
    times_out: bool,
    /// The driver comes, and delivers or fails.
    ships: bool,
    /// How many effects fail technically.
    failures_max: u32,
    /// The failing effects are parked, and found done after all.
    parks: bool,
    /// How many effects are done and their outcome is lost.
    kills_max: usize,
    /// A person goes on without steps, where that is possible.
    skips: bool,
    /// A person calls the order off at some time.
    abandons: bool,
    /// How often a person pauses it, and resumes it at some later time.
    pauses_max: u32,
    /// How often the producer has less, or the buyer wants less, of a line at the most.
    changes_max: usize,
    /// How often a process stands still when it is about to do an effect, while another one goes on, and does it late.
    sleeps_max: usize,
    /// Such a process may also die before it records what it has done late. The log has it, and is read.
    dies: bool,
}

struct Exploration {
    scenario: Scenario,
    visited: HashSet<u128>,
    ends: HashSet<String>,
}

fn fingerprint(world: &World) -> u128 {
    let key = world.key();
    let mut halves = [0_u64; 2];
    for (salt, half) in halves.iter_mut().enumerate() {
        let mut hasher = DefaultHasher::new();
        (salt, &key).hash(&mut hasher);
        *half = hasher.finish();
    }
    u128::from(halves[0]) << 64 | u128::from(halves[1])
}

impl Exploration {
    fn of(scenario: Scenario) -> Self {
        let mut exploration = Self { scenario, visited: HashSet::new(), ends: HashSet::new() };
        let mut world = World::with_stock(scenario.stock);
        let start = world.start();
        tell(&mut world, Observe { conductor: Conductor::ProcessManager, start: Some(start), facts: vec![] });
        let mut open = vec![world];
        while let Some(world) = open.pop() {
            if !exploration.visited.insert(fingerprint(&world)) {
                continue;
            }
            holds_at_any_moment(&world);
            let next = exploration.next(&world);
            if next.is_empty() {
                let end = holds_at_the_end(&world);
                exploration.ends.insert(end);
            }
            open.extend(next);
        }
        exploration
    }

    /// Everything that can happen next.
    fn next(&self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        let mut possible = |happens: &dyn Fn(&mut World) -> bool| {
            let mut after = world.clone();
            if happens(&mut after) {
                next.push(after);
            }
        };
        possible(&|world| {
            let Some(fact) = world.facts.get(world.seen).copied() else { return false };
            world.seen += 1;
            tell(world, Observe { conductor: Conductor::ProcessManager, start: None, facts: vec![fact] });
            true
        });
        for (step, progress) in &world.fulfilment.effects {
            let step = *step;
            let tried = match progress {
                // Also while it is paused: what was under way is finished.
                Progress::Pending { .. } => true,
                Progress::Parked | Progress::Done | Progress::Refused(_) | Progress::Skipped => false,
            };
            if self.scenario.parks {
                possible(&|world| {
                    intervention::makes(world, &Intervention::Retry { step: Some(step), reason: None })
                });
            }
            if self.scenario.skips {
                possible(&|world| intervention::makes(world, &Intervention::Skip { step, reason: why() }));
            }
            if !tried {
                continue;
            }
            possible(&|world| {
                let outcome = world.perform(step);
                record(world, step, outcome);
                true
            });
            if world.slept < self.scenario.sleeps_max {
                possible(&|world| {
                    world.slept += 1;
                    world.asleep.push((step, world.fulfilment.clone()));
                    true
                });
            }
            if world.torn.len() < self.scenario.kills_max {
                possible(&|world| {
                    world.perform(step);
                    world.torn.insert(step)
                });
            }
            if world.failures < self.scenario.failures_max {
                possible(&|world| {
                    world.failures += 1;
                    let retry_at = (!self.scenario.parks).then(due_at);
                    record(world, step, Outcome::Failed { error: "no answer".to_owned(), retry_at });
                    true
                });
            }
        }
        for n in 0..world.asleep.len() {
            possible(&|world| {
                let (step, knows) = world.asleep.remove(n);
                let outcome = world.perform_knowing(step, knows);
                record(world, step, outcome);
                true
            });
        }
        if self.scenario.dies {
            for n in 0..world.asleep.len() {
                possible(&|world| {
                    let (step, knows) = world.asleep.remove(n);
                    let outcome = world.perform_knowing(step, knows);
                    let in_the_log = matches!(
                        step,
                        Step::HoldStock(_) | Step::ScheduleDelivery | Step::RescheduleDelivery
                    );
                    if let (true, Outcome::Done(yields)) = (in_the_log, outcome) {
                        world.unrecorded.push((step, yields));
                    }
                    true
                });
            }
            for n in 0..world.unrecorded.len() {
                possible(&|world| {
                    let (step, yields) = world.unrecorded.remove(n);
                    record(world, step, Outcome::Done(yields));
                    true
                });
            }
        }
        possible(&World::buyer_pays);
        for webhook in &world.webhooks {
            possible(&|world| {
                world.told(*webhook);
                world.webhooks.remove(webhook)
            });
        }
        if self.scenario.declines && !world.facts.contains(&Fact::PaymentDeclined) {
            possible(&World::card_is_declined);
        }
        if self.scenario.cancels {
            possible(&World::buyer_cancels);
        }
        if self.scenario.times_out {
            possible(&|world| {
                let due_at = world.fulfilment.payment_due_at();
                let at = due_at.unwrap_or(self::due_at()) + TimeDelta::milliseconds(1);
                tell(world, DeadlinePassed { kind: DeadlineKind::Payment, at });
                due_at.is_some()
            });
            // The provider has not decided: longer, but not twice.
            possible(&|world| {
                let before = (world.fulfilment.payment_due_at(), world.fulfilment.extended_until);
                let until = due_at() + TimeDelta::minutes(15);
                tell(world, ExtendPaymentTime { until });
                let longer = world.fulfilment.payment_due_at() != before.0;
                assert_eq!(longer, before.0.is_some() && before.1.is_none());
                tell(world, ExtendPaymentTime { until: until + TimeDelta::minutes(15) });
                longer
            });
        }
        if world.order.adjustments.len() < self.scenario.changes_max {
            for n in 0..world.products.len() {
                for thousandths in [500, 0] {
                    possible(&|world| world.producer_has(n, thousandths));
                }
                possible(&|world| world.buyer_cancels_line(n));
            }
        }
        if self.scenario.abandons {
            possible(&|world| intervention::makes(world, &Intervention::Abandon { reason: why() }));
        }
        if world.pauses < self.scenario.pauses_max {
            possible(&|world| {
                world.pauses += 1;
                intervention::makes(world, &Intervention::Pause { reason: why() })
            });
        }
        possible(&|world| intervention::makes(world, &Intervention::Resume { reason: None }));
        if self.scenario.skips {
            possible(&World::is_refunded_by_hand);
            possible(&World::driver_records_the_pick_up);
        }
        if self.scenario.ships {
            for n in [1, 2] {
                for reaches_the_other in [true, false] {
                    possible(&|world| world.driver_comes(n, reaches_the_other || n == 2));
                    possible(&|world| world.driver_delivers(n, reaches_the_other));
                }
                possible(&|world| world.driver_fails(n));
            }
        }
        next
    }
}

/// Tells the fulfilment something. Told again at once, it has nothing to add; and nothing is planned a second time.
fn tell(world: &mut World, command: impl Into<OrderFulfilmentCommand>) {
    let command = command.into();
    let events = world.fulfilment.decide(&command).unwrap();
    take(world, &events);
    let is_failure = matches!(&command, OrderFulfilmentCommand::RecordOutcomes(record)
        if record.outcomes.iter().any(|effect| matches!(effect.outcome, Outcome::Failed { .. })));
    if !is_failure {
        assert_eq!(world.fulfilment.decide(&command), Ok(vec![]), "told again: {command:?}");
    }
}

/// What is recorded; nothing is planned a second time.
fn take(world: &mut World, events: &[OrderFulfilmentEvent]) {
    for event in events {
        if let OrderFulfilmentEvent::EffectsPlanned(EffectsPlanned { effects })
        | OrderFulfilmentEvent::CompensationsPlanned(CompensationsPlanned { effects }) = event
        {
            for effect in effects {
                assert!(world.fulfilment.progress(effect.step).is_none(), "{} is planned twice", effect.step);
            }
        }
        world.fulfilment.apply(event);
    }
}

fn record(world: &mut World, step: Step, outcome: Outcome) {
    tell(world, RecordOutcomes { outcomes: vec![EffectOutcome { step, outcome }] });
}

fn explore(scenario: Scenario, ends: &[&str]) {
    let began = std::time::Instant::now();
    let exploration = Exploration::of(scenario);
    println!("{} states in {:?}: {:?}", exploration.visited.len(), began.elapsed(), exploration.ends);
    let expected: HashSet<String> = ends.iter().map(|end| (*end).to_owned()).collect();
    assert_eq!(exploration.ends, expected);
}

#[test]
fn without_stock_the_order_is_cancelled_and_nothing_is_left_on_hold() {
    let scenario = Scenario { stock: &[1, 0], kills_max: 2, failures_max: 2, ..Scenario::default() };
    explore(scenario, &["cancelled stock_unavailable None"]);
}

#[test]
fn without_stock_and_with_an_impatient_buyer_and_clock_all_is_released() {
    let scenario = Scenario {
        stock: &[1, 0],
        cancels: true,
        times_out: true,
        kills_max: 2,
        failures_max: 1,
        ..Scenario::default()
    };
    let ends = [
        "cancelled stock_unavailable None",
        "cancelled buyer_request None",
        "cancelled payment_timeout None",
    ];
    explore(scenario, &ends);
}

const CANCELLED_BEFORE_SHIPPING: [&str; 10] = [
    "cancelled buyer_request None",
    "cancelled buyer_request Requested",
    "cancelled buyer_request Declined",
    "cancelled buyer_request Refunded",
    "cancelled payment_timeout None",
    "cancelled payment_timeout Requested",
    "cancelled payment_timeout Declined",
    "cancelled payment_timeout Refunded",
    "cancelled payment_failed Declined",
    "cancelled payment_failed Refunded",
];

/// However paying, declining, cancelling and the end of the time for paying come together, the money nets to zero.
#[test]
fn an_order_that_is_cancelled_before_shipping_gives_everything_back() {
    let scenario =
        Scenario { stock: &[2], declines: true, cancels: true, times_out: true, ..Scenario::default() };
    explore(Scenario { kills_max: 2, ..scenario }, &CANCELLED_BEFORE_SHIPPING);
    explore(Scenario { kills_max: 1, failures_max: 1, ..scenario }, &CANCELLED_BEFORE_SHIPPING);
}

#[test]
fn an_order_that_is_paid_is_delivered_or_written_off_whatever_fails_on_the_way() {
    let ends = ["delivered 1", "delivered 2", "written off"];
    let scenario = Scenario { stock: &[2], ships: true, ..Scenario::default() };
    explore(Scenario { kills_max: 2, ..scenario }, &ends);
    explore(Scenario { kills_max: 1, failures_max: 1, ..scenario }, &ends);
    explore(Scenario { stock: &[2, 2], ..scenario }, &ends);
}

#[test]
fn cancelling_and_shipping_exclude_each_other() {
    let scenario = Scenario { stock: &[1], cancels: true, ships: true, kills_max: 1, ..Scenario::default() };
    let ends = [
        "cancelled buyer_request None",
        "cancelled buyer_request Requested",
        "cancelled buyer_request Refunded",
        "delivered 1",
        "delivered 2",
        "written off",
    ];
    explore(scenario, &ends);
}

/// A process that was about to do something stands still, another one does it or no longer has to, and then it goes on.
#[test]
fn what_is_done_late_by_who_stood_still_changes_no_end() {
    let scenario =
        Scenario { stock: &[2], cancels: true, times_out: true, sleeps_max: 1, ..Scenario::default() };
    let ends = [
        "cancelled buyer_request None",
        "cancelled buyer_request Requested",
        "cancelled buyer_request Refunded",
        "cancelled payment_timeout None",
        "cancelled payment_timeout Requested",
        "cancelled payment_timeout Refunded",
    ];
    explore(Scenario { kills_max: 1, ..scenario }, &ends);
    let ends = ["delivered 1", "delivered 2", "written off"];
    explore(Scenario { stock: &[2], ships: true, sleeps_max: 1, ..Scenario::default() }, &ends);
}

#[test]
fn what_is_parked_is_undone_to_be_sure_or_waits_for_a_person() {
    let scenario = Scenario {
        stock: &[1],
        cancels: true,
        times_out: true,
        failures_max: 2,
        parks: true,
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
}
