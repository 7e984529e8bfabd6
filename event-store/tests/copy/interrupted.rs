//! Copies that are ended in the middle, again and again, and connections that are cut.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use agrodeep_event_store::{
    copy::{CopyPhase, LogSource, copy},
    integrity::verify,
    postgres::testing::TestDatabase,
};

use crate::{all, copied, market::market};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_ended_again_and_again_goes_on_and_doubles_nothing() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let source = first.log().await;
    market(&source, 12_000).await;
    let (mut ended, mut in_the_middle) = (0, 0);
    let report = loop {
        // Each try has its own log, as a new process would.
        let (from, target) = (source.clone(), second.log().await);
        let before = target.head().await.unwrap();
        let copying = tokio::spawn(async move { copy(&mut LogSource::new(from), &target, |_| ()).await });
        // Not before something was done, so that it comes to an end.
        let watcher = second.log().await;
        while !copying.is_finished() && watcher.head().await.unwrap() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        copying.abort();
        if let Ok(report) = copying.await {
            break report.unwrap();
        }
        ended += 1;
        let head = watcher.head().await.unwrap();
        in_the_middle += u32::from(head.0 > 0 && head < source.head().await.unwrap());
    };
    assert!(ended >= 3 && in_the_middle >= 2, "ended {ended} times, {in_the_middle} of them in the middle");
    assert_eq!(all(&second.log().await).await.len() as u64, report.events);
    assert_eq!(verify(&source, |_| ()).await.unwrap().hash, Some(report.hash));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_whose_connections_are_cut_is_the_same_in_the_end() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let (source, target) = (first.log().await, second.log().await);
    market(&source, 12_000).await;
    let pool = second.pool().clone();
    let cut = Arc::new(AtomicU64::new(0));
    let count = cut.clone();
    let cutter = tokio::spawn(async move {
        while count.load(Ordering::Relaxed) < 8 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let sql = "select pg_terminate_backend(pid) from pg_stat_activity \
                       where datname = current_database() and application_name = 'agrodeep-append' and state = 'active'";
            let ended = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
            count.fetch_add(ended, Ordering::Relaxed);
        }
    });
    let mut copying = 0;
    let mut from = LogSource::new(source.clone());
    let report =
        copy(&mut from, &target, |progress| copying += u32::from(progress.phase == CopyPhase::Copying));
    let report = report.await.unwrap();
    cutter.abort();
    assert!(copying > 0 && cut.load(Ordering::Relaxed) > 0, "nothing was cut");
    assert_eq!(all(&target).await.len() as u64, report.events);
    assert_eq!(copied(&source, &target).await.unwrap().already_there, report.events);
}
