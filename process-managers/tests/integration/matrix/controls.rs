//! Safeguards that are taken away: each time the matrix must find it. What finds nothing proves nothing.

use std::sync::Arc;

use super::{super::market::Market, breakage::Breakage, cell::Cell, invariants, plot::Plot};

const LATE_REQUEST: Cell =
    Cell { what: "effect", which: "request_payment", plot: Plot::Delivered, breakage: Breakage::LateSuccess };
const KILLED: Cell =
    Cell { what: "record", which: "observed", plot: Plot::Delivered, breakage: Breakage::KilledBefore };

/// Plays a cell with safeguards off, and gives what was found.
async fn found(cell: Cell, without: &'static [&'static str]) -> Option<String> {
    let market = Arc::new(Market::open().await);
    let played = tokio::spawn(async move {
        cell.play(Arc::clone(&market), without).await;
        invariants::check_log(&market).await;
    });
    let panicked = played.await.err()?.into_panic();
    Some(panicked.downcast::<String>().map_or_else(|_| "a panic without words".to_owned(), |words| *words))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_safeguards_nothing_is_found() {
    assert_eq!(found(LATE_REQUEST, &[]).await, None);
    assert_eq!(found(KILLED, &[]).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_idempotency_keys_a_second_payment_is_found() {
    let found = found(LATE_REQUEST, &["saga::keys_off"]).await.unwrap();
    assert!(found.contains("intents: 2"), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acting_before_recording_is_found() {
    let found = found(KILLED, &["saga::act_first"]).await.unwrap();
    assert!(found.contains("was done before it was recorded"), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_the_provider_that_are_not_recognised_are_found() {
    let found = found(KILLED, &["payments::event_ids_off"]).await.unwrap();
    assert!(found.contains("would not be recognised if it came again"), "{found}");
}
