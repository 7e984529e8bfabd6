//! From PostgreSQL into memory, and back again.

use std::sync::Arc;

use agrodeep_event_store::{MemoryLog, SharedLog, postgres::testing::TestDatabase};

use crate::{all, copied, market::market};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_into_memory_and_back_and_stays_the_same() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let (source, back) = (first.log().await, second.log().await);
    let memory: SharedLog = Arc::new(MemoryLog::default());
    market(&source, 300).await;
    let there = copied(&source, &memory).await.unwrap();
    let again = copied(&memory, &back).await.unwrap();
    assert_eq!((there.events, there.hash), (again.events, again.hash));
    assert_eq!(copied(&source, &back).await.unwrap().already_there, there.events);
    assert_eq!(all(&memory).await.len() as u64, there.events);
}
