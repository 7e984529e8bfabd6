//! Lost answers, cut connections, servers that go and come back.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agrodeep_event_store::{
    Append, AppendOutcome, Follower, LogError, Position, SharedLog, StreamId,
    conformance::{fresh_stream, some_events},
    kurrentdb::double::{AppendFault, Double},
};

use super::{appended, log};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_is_lost_is_done_exactly_once_and_told_so() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    let mut version = 0;
    let faults = [
        AppendFault::AnswerLost,
        AppendFault::CutBefore,
        AppendFault::TimedOut,
        AppendFault::Silence,
        AppendFault::Slow(Duration::from_millis(300)),
    ];
    for fault in faults {
        double.faults().on_next_append(fault);
        let appended = appended(log.append(some_events(&stream, version, 2)).await);
        version += 2;
        assert_eq!(appended.version, version, "{fault:?}");
        let events = log.load(&stream, 0).await.unwrap();
        assert_eq!(events.len() as u64, version, "{fault:?}");
        assert_eq!(events.last().unwrap().position, appended.position, "{fault:?}");
    }
    assert_eq!(double.faults().appends_gone_wrong(), 5);
    // Asked again for each, but not for the slow one.
    assert!(double.faults().appends() >= 5 + 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_under_a_later_version_is_already_done_also_in_another_process() {
    let double = Double::start().await;
    let (one, other) = (log(&double).await, log(&double).await);
    let stream = fresh_stream();
    let command = some_events(&stream, 0, 2);
    let first = appended(one.append(command.clone()).await);
    for (log, expected_version) in [(&other, 2), (&one, 2), (&other, 1), (&one, 7)] {
        let again = Append { expected_version, ..command.clone() };
        assert_eq!(log.append(again).await, Ok(AppendOutcome::AlreadyDone), "expected {expected_version}");
    }
    assert_eq!(appended(other.append(command.clone()).await), first);
    appended(one.append(some_events(&stream, 2, 1)).await);
    assert_eq!(appended(other.append(command.clone()).await), first);
    // A process that knows nothing yet, and expects less than there is.
    let third = super::log(&double).await;
    let later = some_events(&stream, 3, 1);
    appended(one.append(later.clone()).await);
    assert_eq!(third.append(Append { expected_version: 0, ..later }).await, Ok(AppendOutcome::AlreadyDone));
    assert_eq!(double.event_ids(&stream.to_string()).len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_after_which_another_process_went_on_is_found_all_the_same() {
    let double = Double::start().await;
    let (one, other) = (log(&double).await, log(&double).await);
    let stream = fresh_stream();
    double.faults().on_next_append(AppendFault::Silence);
    let lost = some_events(&stream, 0, 1);
    let waiting = {
        let (one, lost) = (one.clone(), lost.clone());
        tokio::spawn(async move { one.append(lost).await })
    };
    while double.event_ids(&stream.to_string()).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    appended(other.append(some_events(&stream, 1, 1)).await);
    let appended = appended(waiting.await.unwrap());
    assert_eq!(appended.version, 1);
    assert_eq!(double.event_ids(&stream.to_string()).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_without_a_verdict_is_unknown_and_is_recognised_when_it_comes_again() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    double.faults().on_appends(|_| Some(AppendFault::TimedOut));
    let append = some_events(&stream, 0, 1);
    let outcome = log.append(append.clone()).await;
    assert!(matches!(outcome, Err(LogError::Unknown(_))), "{outcome:?}");
    double.faults().on_appends(|_| None);
    assert_eq!(appended(log.append(append.clone()).await).version, 1);
    let later = Append { expected_version: 1, ..append };
    assert_eq!(log.append(later).await, Ok(AppendOutcome::AlreadyDone));
    assert_eq!(double.event_ids(&stream.to_string()).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_an_append_is_unavailable_and_nothing_is_done() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 1)).await);
    double.stop();
    // What is sent while the connection breaks may have arrived. From then on nothing can be sent.
    assert!(matches!(log.head().await, Err(LogError::Unavailable(_))));
    let outcome = log.append(some_events(&stream, 1, 1)).await;
    assert!(matches!(outcome, Err(LogError::Unavailable(_))), "{outcome:?}");
    let outcome = log.load(&fresh_stream(), 0).await;
    assert!(matches!(outcome, Err(LogError::Unavailable(_))), "{outcome:?}");
    double.start_again().await;
    appended(log.append(some_events(&stream, 1, 1)).await);
    assert_eq!(log.load(&stream, 0).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_ready_is_waited_for_and_then_unavailable() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    double.faults().set_not_ready(true);
    let outcome = log.append(some_events(&stream, 0, 1)).await;
    assert!(matches!(outcome, Err(LogError::Unavailable(_))), "{outcome:?}");
    let waiting = {
        let (log, append) = (log.clone(), some_events(&stream, 0, 1));
        tokio::spawn(async move { log.append(append).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    double.faults().set_not_ready(false);
    assert_eq!(appended(waiting.await.unwrap()).version, 1);
}

#[tokio::test]
async fn without_a_server_the_log_cannot_be_opened() {
    let double = Double::start().await;
    double.stop();
    let opened = agrodeep_event_store::kurrentdb::KurrentLog::open(&double.url(), super::settings()).await;
    assert!(matches!(opened.err(), Some(LogError::Unavailable(_))));
}

/// Reads the log from its start and checks that every stream is whole, until `total` events have come.
async fn follow(log: SharedLog, total: usize) -> BTreeMap<StreamId, u64> {
    let mut follower = Follower::new(log, Position::START, 37);
    let mut versions: BTreeMap<StreamId, u64> = BTreeMap::new();
    let mut ids = HashSet::new();
    let mut last = Position::START;
    while ids.len() < total {
        match follower.next().await {
            Ok(events) => {
                for event in events {
                    assert!(event.position > last, "out of order");
                    last = event.position;
                    assert!(ids.insert(event.event_id), "twice");
                    let version = versions.entry(event.stream.clone()).or_default();
                    assert_eq!(event.version, *version + 1, "{} skipped", event.stream);
                    *version = event.version;
                }
            }
            Err(LogError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
    versions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_skips_an_event_or_waits_for_ever_while_the_server_goes_and_comes() {
    const WRITERS: usize = 8;
    const COMMANDS: u64 = 60;
    let double = Arc::new(Double::start().await);
    double.faults().on_appends(|number| match number % 23 {
        7 => Some(AppendFault::AnswerLost),
        15 => Some(AppendFault::CutBefore),
        20 => Some(AppendFault::TimedOut),
        _ => None,
    });
    let total = WRITERS * COMMANDS as usize * 3 / 2;
    let (mut reading, mut writing) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        reading.push(log(&double).await);
    }
    for _ in 0..WRITERS {
        writing.push(log(&double).await);
    }
    let written = Arc::new(AtomicBool::new(false));
    let restarting = {
        let (double, written) = (double.clone(), written.clone());
        tokio::spawn(async move {
            let mut restarts = 0;
            while !written.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(60)).await;
                double.faults().on_next_read(20);
                double.stop();
                tokio::time::sleep(Duration::from_millis(15)).await;
                double.start_again().await;
                restarts += 1;
            }
            restarts
        })
    };
    let readers: Vec<_> = reading.into_iter().map(|log| tokio::spawn(follow(log, total))).collect();
    let mut writers = Vec::new();
    for log in writing {
        writers.push(tokio::spawn(async move {
            let stream = fresh_stream();
            let (mut version, mut unknown) = (0, 0);
            for command in 0..COMMANDS {
                let append = some_events(&stream, version, 1 + command as usize % 2);
                // Whoever has no verdict asks again with the same command.
                let outcome = loop {
                    match log.append(append.clone()).await {
                        Err(LogError::Unknown(_) | LogError::Unavailable(_)) => unknown += 1,
                        verdict => break verdict,
                    }
                };
                version = appended(outcome).version;
            }
            (stream, version, unknown)
        }));
    }
    let mut expected = BTreeMap::new();
    let mut unknown = 0;
    for writer in writers {
        let (stream, version, without_verdict) = writer.await.unwrap();
        assert_eq!(double.event_ids(&stream.to_string()).len() as u64, version);
        expected.insert(stream, version);
        unknown += without_verdict;
    }
    written.store(true, Ordering::SeqCst);
    let restarts = restarting.await.unwrap();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), expected);
    }
    let (wrong, cut) = (double.faults().appends_gone_wrong(), double.faults().reads_cut());
    println!(
        "{restarts} restarts, {wrong} appends gone wrong, {cut} reads cut; {} commands acknowledged, {unknown} asked \
         again by their callers; {total} events, 0 lost, 0 doubled, 0 skipped",
        WRITERS as u64 * COMMANDS
    );
    assert!(restarts >= 3 && wrong >= 40, "hardly anything went wrong: {restarts} restarts, {wrong} appends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_cut_in_the_middle_is_read_again_from_its_start() {
    let double = Double::start().await;
    let log = log(&double).await;
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 200)).await);
    for answers in [0, 1, 100, 199] {
        double.faults().on_next_read(answers);
        assert_eq!(log.load(&stream, 0).await.unwrap().len(), 200);
        double.faults().on_next_read(answers);
        assert_eq!(log.read(Position::START, 150).await.unwrap().len(), 150);
    }
    assert_eq!(double.faults().reads_cut(), 7, "150 are not cut after 199");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_hears_of_an_append_also_after_the_connections_were_cut() {
    let double = Double::start().await;
    let (one, other) = (log(&double).await, log(&double).await);
    for cut in [false, true] {
        let head = other.head().await.unwrap();
        if cut {
            double.faults().cut_connections();
            // The subscription begins again.
            tokio::time::sleep(Duration::from_millis(1_000)).await;
        }
        let waiting = {
            let other = other.clone();
            tokio::spawn(async move { other.wait_beyond(head, Duration::from_secs(60)).await })
        };
        appended(one.append(some_events(&fresh_stream(), 0, 1)).await);
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
    }
}
