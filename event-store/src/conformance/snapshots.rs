//! What every store promises that keeps states beside its log.

use serde_json::value::RawValue;
use uuid::Uuid;

use super::{appended, fresh_stream, some_events};
use crate::{Resumed, SharedLog, Snapshot, Snapshots, StreamId};

/// Every promise of [`Snapshots`], one after the other.
///
/// # Panics
/// When one is not kept, or the store keeps no states.
pub async fn run_snapshots(log: SharedLog) {
    without_a_state_all_events_come(&log).await;
    a_state_comes_with_its_event_and_what_came_after(&log).await;
    a_state_of_another_form_is_never_handed_out(&log).await;
    an_earlier_state_does_not_replace_a_later_one(&log).await;
    a_state_from_beyond_the_log_is_never_handed_out(&log).await;
    a_forgotten_state_is_gone(&log).await;
}

fn snapshots(log: &SharedLog) -> &dyn Snapshots {
    log.snapshots().expect("a store that keeps states")
}

async fn resume(log: &SharedLog, stream: &StreamId, form: u32) -> Resumed {
    snapshots(log).resume(stream, form).await.expect("the stream")
}

/// A stream of so many events, each of a command of its own; and the commands.
async fn stream_of(log: &SharedLog, events: u64) -> (StreamId, Vec<Uuid>) {
    let stream = fresh_stream();
    let mut commands = Vec::new();
    for version in 0..events {
        let append = some_events(&stream, version, 1);
        commands.push(append.command_id);
        appended(log.append(append).await);
    }
    (stream, commands)
}

fn state(stream: &StreamId, form: u32, version: u64, command_id: Uuid) -> Snapshot {
    let state = RawValue::from_string(format!("{{ \"after\" : {version} }}")).expect("JSON");
    Snapshot::new(stream.clone(), form, version, command_id, state)
}

async fn without_a_state_all_events_come(log: &SharedLog) {
    let (stream, _) = stream_of(log, 3).await;
    let resumed = resume(log, &stream, 1).await;
    assert!(resumed.begin.is_none());
    assert_eq!(resumed.events.iter().map(|event| event.version).collect::<Vec<_>>(), [1, 2, 3]);
    let nothing = resume(log, &fresh_stream(), 1).await;
    assert!(nothing.begin.is_none() && nothing.events.is_empty());
}

async fn a_state_comes_with_its_event_and_what_came_after(log: &SharedLog) {
    let (stream, commands) = stream_of(log, 5).await;
    let kept = state(&stream, 1, 3, commands[2]);
    snapshots(log).keep(kept.clone()).await.expect("kept");
    let resumed = resume(log, &stream, 1).await;
    let (snapshot, event) = resumed.begin.expect("a state");
    assert_eq!(snapshot.state.get(), "{ \"after\" : 3 }", "byte for byte");
    assert_eq!((snapshot.version, snapshot.command_id, &snapshot.stream), (3, commands[2], &stream));
    assert!(snapshot.read::<serde_json::Value>().is_ok(), "the checksum fits");
    assert_eq!((event.version, event.command_id), (3, commands[2]));
    assert_eq!(resumed.events.iter().map(|event| event.version).collect::<Vec<_>>(), [4, 5]);

    snapshots(log).keep(state(&stream, 1, 5, commands[4])).await.expect("kept");
    let resumed = resume(log, &stream, 1).await;
    assert!(resumed.begin.is_some_and(|(snapshot, _)| snapshot.version == 5) && resumed.events.is_empty());
    // Another stream has its own.
    let (other, _) = stream_of(log, 5).await;
    assert!(resume(log, &other, 1).await.begin.is_none());
}

async fn a_state_of_another_form_is_never_handed_out(log: &SharedLog) {
    let (stream, commands) = stream_of(log, 3).await;
    snapshots(log).keep(state(&stream, 2, 2, commands[1])).await.expect("kept");
    for other in [1, 3] {
        assert!(resume(log, &stream, other).await.begin.is_none(), "form {other}");
    }
    // What an older program keeps does not drive out what the newer one has kept, but the other way round.
    snapshots(log).keep(state(&stream, 1, 3, commands[2])).await.expect("kept");
    assert!(resume(log, &stream, 2).await.begin.is_some());
    assert!(resume(log, &stream, 1).await.begin.is_some());
    snapshots(log).keep(state(&stream, 2, 3, commands[2])).await.expect("kept");
    assert!(resume(log, &stream, 1).await.begin.is_none());
}

async fn an_earlier_state_does_not_replace_a_later_one(log: &SharedLog) {
    let (stream, commands) = stream_of(log, 4).await;
    snapshots(log).keep(state(&stream, 1, 4, commands[3])).await.expect("kept");
    snapshots(log).keep(state(&stream, 1, 2, commands[1])).await.expect("told so, or not");
    let resumed = resume(log, &stream, 1).await;
    assert_eq!(resumed.begin.map(|(snapshot, _)| snapshot.version), Some(4));
}

/// As after a backup was put in the log's place.
async fn a_state_from_beyond_the_log_is_never_handed_out(log: &SharedLog) {
    let (stream, commands) = stream_of(log, 3).await;
    let other_history = state(&stream, 1, 3, Uuid::now_v7());
    for beyond in [state(&stream, 1, 4, commands[2]), other_history] {
        snapshots(log).keep(beyond).await.expect("kept");
        let resumed = resume(log, &stream, 1).await;
        assert!(resumed.begin.is_none());
        assert_eq!(resumed.events.len(), 3);
    }
    // And it does not stand in the way of a true one, which is of an earlier version.
    snapshots(log).keep(state(&stream, 1, 2, commands[1])).await.expect("kept");
    let resumed = resume(log, &stream, 1).await;
    assert_eq!(resumed.begin.map(|(snapshot, _)| snapshot.version), Some(2));
}

async fn a_forgotten_state_is_gone(log: &SharedLog) {
    let (stream, commands) = stream_of(log, 3).await;
    let (earlier, later) = (state(&stream, 1, 2, commands[1]), state(&stream, 1, 3, commands[2]));
    snapshots(log).keep(later.clone()).await.expect("kept");
    snapshots(log).forget(&earlier).await.expect("nothing to forget");
    assert!(resume(log, &stream, 1).await.begin.is_some());
    snapshots(log).forget(&later).await.expect("forgotten");
    let resumed = resume(log, &stream, 1).await;
    assert!(resumed.begin.is_none());
    assert_eq!(resumed.events.len(), 3);
}
