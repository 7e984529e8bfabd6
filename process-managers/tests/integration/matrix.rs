//! Every step and every compensation of the saga, broken in every way, on a real PostgreSQL and with the simulated provider's
//! own ledger. The cells follow from the enum of steps and that of breakages: a new one of either is in here, or this does
//! not compile.

mod breakage;
mod cell;
mod controls;
mod invariants;
mod plot;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Instant,
};

use agrodeep_domain::ProductId;
use agrodeep_process_managers::{faults::points, order_fulfilment::Step};
use agrodeep_tests::checker;
use uuid::Uuid;

use self::{breakage::Breakage, cell::Cell, plot::Plot};
use super::market::Market;

/// How many cells are tried at the same time, each row of them in a database of its own.
const AT_ONCE: usize = 6;

fn steps() -> [Step; 17] {
    Step::all(ProductId::from_uuid(Uuid::nil()))
}

/// All cells: steps, what they append, the calls to the provider, what the saga records, its books.
fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut row = |what: &'static str, which: &'static str, plot: Plot, breakages: &[Breakage]| {
        cells.extend(breakages.iter().map(|breakage| Cell { what, which, plot, breakage: *breakage }));
    };
    for step in steps() {
        row("effect", step.name(), Plot::with(step), &Breakage::ALL);
        // A step without a command of its own has nothing to append.
        if step != Step::WithdrawPayment {
            row("append", step.name(), Plot::with(step), &Breakage::OF_ANSWERS);
        }
    }
    for (call, plot) in [
        ("create_intent", Plot::Delivered),
        ("intent_of_order", Plot::RequestedTwice),
        ("cancel_intent", Plot::CancelledUnpaid),
        ("refund", Plot::CancelledPaid),
        ("intent", Plot::PaidWhileCancelling),
    ] {
        row("gateway", call, plot, &Breakage::OF_ANSWERS);
        row("gateway", call, plot, &[Breakage::TimeOut, Breakage::LateSuccess]);
    }
    // What makes a line less, between everything that follows from it.
    row("effect", "commit_hold", Plot::LessDelivered, &Breakage::ALL);
    row("effect", "refund_payment", Plot::LessCancelled, &Breakage::ALL);
    row("effect", "refund_difference", Plot::LessCancelled, &Breakage::ALL);
    row("gateway", "refund", Plot::LessDelivered, &Breakage::OF_ANSWERS);
    row("gateway", "refund", Plot::LessCancelled, &[Breakage::TimeOut, Breakage::LateSuccess]);
    for (record, plot) in [
        ("observed", Plot::Delivered),
        ("outcomes", Plot::CancelledPaid),
        ("deadline", Plot::TimedOut),
        ("payment_time", Plot::BankDecidesLate),
    ] {
        row("record", record, plot, &Breakage::OF_ANSWERS);
        row("record", record, plot, &[Breakage::DuplicateAnswer]);
    }
    row("books", "keep", Plot::TimedOut, &Breakage::OF_ANSWERS);
    cells
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_wherever_everything_comes_out_right() {
    let only = std::env::var("AGRODEEP_MATRIX_CELL").unwrap_or_default();
    let cells: Vec<Cell> = cells().into_iter().filter(|cell| cell.to_string().contains(&only)).collect();
    let (began, count) = (Instant::now(), cells.len());
    let left = Arc::new(Mutex::new(cells.into_iter()));
    let failed = Arc::new(Mutex::new(Vec::new()));
    let planned = Arc::new(Mutex::new(BTreeSet::new()));
    let players = (0..AT_ONCE).map(|_| {
        let (left, failed, planned) = (Arc::clone(&left), Arc::clone(&failed), Arc::clone(&planned));
        tokio::spawn(async move {
            let market = Arc::new(Market::open().await);
            loop {
                let Some(cell) = left.lock().unwrap().next() else { break };
                match tokio::spawn(cell.play(Arc::clone(&market), &[])).await {
                    Ok(steps) => planned.lock().unwrap().extend(steps),
                    Err(_) => failed.lock().unwrap().push(cell.to_string()),
                }
            }
            if failed.lock().unwrap().is_empty() {
                checker::check_log(&*market.log).await.assert_settled();
                invariants::check_log(&market).await;
            }
        })
    });
    for player in futures::future::join_all(players).await {
        player.unwrap();
    }
    let failed = failed.lock().unwrap().clone();
    println!("{count} cells, {} green, in {:.0?}", count - failed.len(), began.elapsed());
    assert!(failed.is_empty(), "{} of {count} cells failed: {failed:#?}", failed.len());
    if only.is_empty() {
        let all: BTreeSet<&str> = steps().iter().map(|step| step.name()).collect();
        assert_eq!(*planned.lock().unwrap(), all, "the stories reach every step, and all steps are known");
    }
}

/// What is counted as a cell is a point of the program: no cell tests what is not there, and none is forgotten.
#[test]
fn every_fault_point_of_an_order_is_in_the_matrix() {
    let tried: BTreeSet<String> = cells()
        .iter()
        .flat_map(|cell| {
            ["before", "after"].map(|side| format!("saga::{side}_{}::{}", cell.what, cell.which))
        })
        .collect();
    let points: BTreeSet<String> = points().into_iter().filter(|point| !point.contains("_lease::")).collect();
    assert_eq!(tried, points);
}
