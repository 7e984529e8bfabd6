//! Two orders of one product of which there is enough for one: everything that can happen to both, in every order.

use std::collections::{BTreeSet, HashSet};

use agrodeep_domain::order::Conductor;

use super::{Exploration, Scenario, end_of, fingerprint, holds_at_any_moment, tell, world::World};
use crate::order_fulfilment::{FulfilmentOutcome, Observe};

/// Two orders, and the products that they share.
type Pair = [World; 2];

fn begin(stock: &[i64]) -> Pair {
    let mut pair = [1, 2].map(|number| World::numbered(number, stock));
    for world in &mut pair {
        let start = Some(world.start());
        tell(world, Observe { conductor: Conductor::ProcessManager, start, facts: vec![] });
    }
    pair
}

/// Everything that can happen next to either: what it does to the products, it does to those of the other.
fn next(exploration: &Exploration, pair: &Pair) -> Vec<Pair> {
    let mut next = Vec::new();
    for (n, world) in pair.iter().enumerate() {
        for after in exploration.next(world) {
            let mut pair = pair.clone();
            pair[1 - n].products.clone_from(&after.products);
            pair[n] = after;
            next.push(pair);
        }
    }
    next
}

/// Nothing can happen any more: says how both ended.
fn holds_at_the_end(pair: &Pair) -> String {
    let took =
        |world: &&World| !matches!(world.fulfilment.outcome, Some(FulfilmentOutcome::Cancelled { .. }));
    let sold = pair.iter().filter(took).count() as i64;
    for (product, stock) in pair[0].products.iter().zip(&pair[0].stock) {
        assert!(product.holds.is_empty(), "a hold is left");
        assert_eq!(product.on_hand.thousandths(), stock.thousandths() - sold * 1000, "{sold} were sold");
    }
    let mut ends = [end_of(&pair[0]), end_of(&pair[1])];
    ends.sort();
    ends.join(", ")
}

/// Tries everything; gives how many states there are, and all ends.
fn explore(scenario: Scenario) -> (usize, BTreeSet<String>) {
    let began = std::time::Instant::now();
    let exploration = Exploration { scenario, visited: HashSet::new(), ends: HashSet::new() };
    let (mut visited, mut ends) = (HashSet::new(), BTreeSet::new());
    let mut open = vec![begin(scenario.stock)];
    while let Some(pair) = open.pop() {
        if !visited.insert(pair.each_ref().map(fingerprint)) {
            continue;
        }
        pair.iter().for_each(holds_at_any_moment);
        let next = next(&exploration, &pair);
        if next.is_empty() {
            ends.insert(holds_at_the_end(&pair));
        }
        open.extend(next);
    }
    println!("two orders: {} states in {:.1?}: {ends:#?}", visited.len(), began.elapsed());
    (visited.len(), ends)
}

const PAID: [&str; 3] = ["delivered 1", "delivered 2", "written off"];

#[test]
fn of_two_orders_of_the_last_piece_at_most_one_gets_it() {
    let scenario = Scenario { stock: &[1], ships: true, ..Scenario::default() };
    let (_, ends) = explore(scenario);
    let expected: BTreeSet<String> =
        PAID.iter().map(|end| format!("cancelled stock_unavailable None, {end}")).collect();
    assert_eq!(ends, expected);
}

#[test]
fn two_orders_of_the_last_piece_that_may_be_cancelled_leave_nothing_behind() {
    let scenario = Scenario { stock: &[1], cancels: true, kills_max: 1, ..Scenario::default() };
    let (states, ends) = explore(scenario);
    assert!(states > 10_000, "{states}");
    assert!(ends.contains("cancelled buyer_request Refunded, cancelled buyer_request Refunded"), "{ends:?}");
    assert!(ends.contains("cancelled buyer_request Refunded, cancelled stock_unavailable None"), "{ends:?}");
}

/// With attempts that take effect late, by a process that stood still while the other order took or freed the piece.
#[test]
fn what_is_done_late_to_the_product_that_two_orders_share_is_undone() {
    let scenario = Scenario { stock: &[1], cancels: true, sleeps_max: 1, ..Scenario::default() };
    let (states, ends) = explore(scenario);
    assert!(states > 10_000, "{states}");
    assert!(ends.contains("cancelled buyer_request None, cancelled stock_unavailable None"), "{ends:?}");
}

/// The same, when such a process dies before it can record what it has done.
#[test]
fn what_is_done_late_by_a_process_that_dies_then_is_undone_too() {
    let scenario = Scenario { stock: &[1], cancels: true, sleeps_max: 1, dies: true, ..Scenario::default() };
    let (states, ends) = explore(scenario);
    assert!(states > 10_000, "{states}");
    assert!(ends.contains("cancelled buyer_request None, cancelled stock_unavailable None"), "{ends:?}");
}
