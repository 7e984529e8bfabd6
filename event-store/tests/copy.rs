//! A log copied into another is the same log, however often the copying is interrupted.

#![allow(clippy::unwrap_used)]

#[path = "copy/dishonest.rs"]
mod dishonest;
#[path = "copy/interrupted.rs"]
mod interrupted;
#[path = "copy/market.rs"]
mod market;
#[path = "copy/memory.rs"]
mod memory;
#[path = "copy/postgres_es.rs"]
mod postgres_es;

use agrodeep_event_store::{
    AppendOutcome, Position, RecordedEvent, SharedLog, StreamId,
    conformance::some_events,
    copy::{Copied, CopyError, LogSource, copy},
    integrity::{ORIGINALLY_RECORDED_AT, verify},
    postgres::testing::TestDatabase,
};
use market::market;

async fn copied(from: &SharedLog, to: &SharedLog) -> Result<Copied, CopyError> {
    copy(&mut LogSource::new(from.clone()), to, |_| ()).await
}

async fn all(log: &SharedLog) -> Vec<RecordedEvent> {
    log.read(Position::START, 1_000_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_has_the_same_events_in_the_same_order_and_the_same_hash() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let (source, target) = (first.log().await, second.log().await);
    market(&source, 5_000).await;
    let report = copied(&source, &target).await.unwrap();
    assert_eq!((report.already_there, report.target_head), (0, source.head().await.unwrap()));

    let (originals, copies) = (all(&source).await, all(&target).await);
    assert_eq!((originals.len(), copies.len()), (report.events as usize, report.events as usize));
    for (original, copy) in originals.iter().zip(&copies) {
        assert_eq!((original.position, original.event_id), (copy.position, copy.event_id));
        assert_eq!((&original.stream, original.version), (&copy.stream, copy.version));
        assert_eq!((&original.event_type, &original.event_version), (&copy.event_type, &copy.event_version));
        assert_eq!((original.payload.get(), original.command_id), (copy.payload.get(), copy.command_id));
        let mut metadata = copy.metadata.clone();
        let kept = metadata.other.remove(ORIGINALLY_RECORDED_AT).unwrap();
        assert_eq!(kept.parse(), Ok(original.recorded_at));
        assert_eq!(original.metadata, metadata);
    }
    for log in [&source, &target] {
        assert_eq!(verify(log, |_| ()).await.unwrap().hash, Some(report.hash));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_copy_keeps_the_first_time() {
    let databases =
        [TestDatabase::create().await, TestDatabase::create().await, TestDatabase::create().await];
    let [one, two, three] = [databases[0].log().await, databases[1].log().await, databases[2].log().await];
    market(&one, 20).await;
    let first = copied(&one, &two).await.unwrap();
    assert_eq!(copied(&two, &three).await.unwrap().hash, first.hash);
    let kept = all(&three).await[0].metadata.other[ORIGINALLY_RECORDED_AT].clone();
    assert_eq!(kept.parse(), Ok(all(&one).await[0].recorded_at));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copying_again_brings_what_has_come_since() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let (source, target) = (first.log().await, second.log().await);
    market(&source, 300).await;
    let before = copied(&source, &target).await.unwrap();
    let nothing_new = copied(&source, &target).await.unwrap();
    assert_eq!((nothing_new.already_there, nothing_new.hash), (before.events, before.hash));
    market(&source, 300).await;
    let after = copied(&source, &target).await.unwrap();
    assert_eq!(after.already_there, before.events);
    assert!(after.events > before.events);
    assert_eq!(all(&target).await.len() as u64, after.events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_holds_something_else_is_refused_and_left_as_it_was() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let (source, target) = (first.log().await, second.log().await);
    market(&source, 300).await;
    copied(&source, &target).await.unwrap();
    market(&source, 10).await;
    let other = StreamId::new("stranger", "1");
    assert!(matches!(target.append(some_events(&other, 0, 1)).await, Ok(AppendOutcome::Appended(_))));
    let head = target.head().await.unwrap();

    let error = copied(&source, &target).await.unwrap_err();
    let expected = format!("in event {}, the source has", head.0);
    assert!(matches!(error, CopyError::OtherEvents { .. }), "{error:?}");
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.to_string().contains("the target Happened of stranger-1 version 1"), "{error}");
    assert_eq!(target.head().await.unwrap(), head);

    // The other way round the target is the longer one in the end.
    let third = TestDatabase::create().await;
    let shorter = third.log().await;
    copied(&target, &shorter).await.unwrap();
    market(&shorter, 1).await;
    let error = copied(&target, &shorter).await.unwrap_err();
    assert!(matches!(error, CopyError::TargetHasMore { events, .. } if events == head.0 as u64), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_with_an_id_of_its_own_is_named_and_not_copied() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let (source, target) = (first.log().await, second.log().await);
    market(&source, 100).await;
    for sql in [
        "alter table events disable trigger events_are_for_ever",
        "update events set event_id = gen_random_uuid() where position = 50",
    ] {
        sqlx::query(sql).execute(first.pool()).await.unwrap();
    }
    let error = copied(&source, &target).await.unwrap_err();
    assert!(error.to_string().contains("(position 50 of the source) cannot be copied"), "{error}");
}
