//! Streams whose events are gone are damage, and named.

use agrodeep_event_store::{
    LogError, SharedLog, StreamId,
    conformance::{fresh_stream, some_events},
    kurrentdb::double::Double,
};

use super::{appended, log};

async fn damage(log: &SharedLog, stream: &StreamId, after_version: u64) -> String {
    match log.load(stream, after_version).await {
        Err(LogError::Corrupt(what)) => {
            assert!(what.contains(&stream.to_string()), "{what}");
            what
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_deleted_is_damage_and_a_new_one_is_empty() {
    let double = Double::start().await;
    let log = log(&double).await;
    assert!(log.load(&fresh_stream(), 0).await.unwrap().is_empty());
    let (soft, hard) = (fresh_stream(), fresh_stream());
    for stream in [&soft, &hard] {
        appended(log.append(some_events(stream, 0, 3)).await);
    }
    double.delete(&soft.to_string());
    double.tombstone(&hard.to_string());
    for after_version in [0, 3] {
        assert!(damage(&log, &soft, after_version).await.ends_with("was deleted in KurrentDB"));
        assert!(damage(&log, &hard, after_version).await.ends_with("was deleted for ever in KurrentDB"));
    }
    let outcome = log.append(some_events(&hard, 0, 1)).await;
    assert!(matches!(outcome, Err(LogError::Corrupt(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_deleted_and_goes_on_is_damage() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 3)).await);
    double.delete(&stream.to_string());
    // To the server it is as good as new, but for its numbers.
    let stranger = super::log(&double).await;
    let Err(LogError::Corrupt(what)) = stranger.append(some_events(&stream, 0, 1)).await else {
        panic!("a deleted stream went on")
    };
    assert!(what.contains("goes on with version 4"), "{what}");
    assert!(damage(&stranger, &stream, 0).await.contains("has no version 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_stream_is_damage_where_events_are_missing() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 5)).await);
    double.truncate_before(&stream.to_string(), 3);
    assert!(damage(&log, &stream, 0).await.contains("has no version 1"));
    assert_eq!(log.load(&stream, 3).await.unwrap().len(), 2, "what is left is whole");
    double.truncate_before(&stream.to_string(), 100);
    assert!(damage(&log, &stream, 3).await.contains("has no version 4"));
    assert!(log.load(&stream, 5).await.unwrap().is_empty());
}
