//! Chains are one write, and each command has its own verdict.

use agrodeep_event_store::{
    Append, AppendOutcome, LogError,
    conformance::{event, fresh_stream, some_events},
    kurrentdb::{
        KurrentSettings,
        double::{AppendFault, Double},
    },
};

use super::{appended, log, log_with, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_is_one_write_and_each_command_is_told_its_own_place() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    let chain = vec![some_events(&stream, 0, 1), some_events(&stream, 1, 2), some_events(&stream, 3, 1)];
    let verdicts = log.append_chain(chain.clone()).await;
    assert_eq!(double.faults().appends(), 1);
    let events = log.load(&stream, 0).await.unwrap();
    for (verdict, last) in verdicts.into_iter().zip([0, 2, 3]) {
        let appended = appended(verdict);
        assert_eq!((appended.version, appended.position), (last as u64 + 1, events[last].position));
    }
    // Asked again, as after a lost answer: the same verdicts, and nothing new.
    let other = super::log(&double).await;
    let again: Vec<_> = other.append_chain(chain).await.into_iter().map(appended).collect();
    assert_eq!(again.iter().map(|appended| appended.version).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(double.event_ids(&stream.to_string()).len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_begins_with_what_was_done_goes_on_behind_it() {
    let double = Double::start().await;
    let (one, other) = (log(&double).await, log(&double).await);
    let stream = fresh_stream();
    let (first, second) = (some_events(&stream, 0, 2), some_events(&stream, 2, 1));
    appended(one.append(first.clone()).await);
    // The other knows nothing of the first: the server refuses the joint write, of which it knows a part.
    let verdicts = other.append_chain(vec![first, second]).await;
    assert_eq!(verdicts.into_iter().map(appended).map(|done| done.version).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(double.event_ids(&stream.to_string()).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_twice_in_a_chain_is_done_once() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    let first = some_events(&stream, 0, 1);
    let twice = Append { expected_version: 1, ..first.clone() };
    let verdicts = log.append_chain(vec![first, twice, some_events(&stream, 2, 1)]).await;
    assert!(matches!(verdicts[0], Ok(AppendOutcome::Appended(_))));
    assert_eq!(verdicts[1], Ok(AppendOutcome::AlreadyDone));
    assert_eq!(verdicts[2], Ok(AppendOutcome::Conflict { actual_version: 1 }));
    assert_eq!(double.event_ids(&stream.to_string()).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_whose_versions_do_not_follow_falls_where_they_break() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    let chain = vec![some_events(&stream, 0, 1), some_events(&stream, 5, 1), some_events(&stream, 6, 1)];
    let verdicts = log.append_chain(chain).await;
    assert_eq!(appended(verdicts[0].clone()).version, 1);
    for verdict in &verdicts[1..] {
        assert_eq!(*verdict, Ok(AppendOutcome::Conflict { actual_version: 1 }));
    }
}

/// The server takes a mebibyte at a time, as KurrentDB's did up to version 24.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_one_write_is_written_in_several() {
    let double = Double::start().await;
    let large = |stream: &_, version| {
        let mut append = some_events(stream, version, 1);
        append.events = vec![event(&format!("\"{}\"", "x".repeat(400_000)))];
        append
    };
    // Our own limit keeps below the server's; or it does not, and the server's word counts.
    for (write_bytes_max, writes) in [(900_000, 3), (100_000_000, 1 + 5)] {
        let log = log_with(&double, KurrentSettings { write_bytes_max, ..settings() }).await;
        let stream = fresh_stream();
        let before = double.faults().appends();
        let chain: Vec<_> = (0..5).map(|version| large(&stream, version)).collect();
        let verdicts = log.append_chain(chain).await;
        let versions: Vec<_> = verdicts.into_iter().map(appended).map(|done| done.version).collect();
        assert_eq!(versions, [1, 2, 3, 4, 5]);
        // What the server finds too large it refuses before it counts.
        assert!(double.faults().appends() - before <= writes);
    }
    let log = log_with(&double, KurrentSettings { payload_bytes_max: 3_000_000, ..settings() }).await;
    let mut append = some_events(&fresh_stream(), 0, 1);
    append.events = vec![event(&format!("\"{}\"", "x".repeat(2_000_000)))];
    let Err(LogError::Invalid(why)) = log.append(append).await else { panic!("2 MB were taken") };
    assert!(why.contains("Maximum Append Size of 1048576 Exceeded"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_without_a_verdict_is_unknown_as_far_as_it_was_tried() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    double.faults().on_appends(|_| Some(AppendFault::TimedOut));
    let chain = vec![some_events(&stream, 0, 1), some_events(&stream, 1, 1), some_events(&stream, 9, 1)];
    let verdicts = log.append_chain(chain).await;
    assert!(matches!(verdicts[0], Err(LogError::Unknown(_))), "{verdicts:?}");
    assert!(matches!(verdicts[1], Err(LogError::Unknown(_))), "{verdicts:?}");
    assert!(matches!(verdicts[2], Err(LogError::Unavailable(_))), "{verdicts:?}");
}
