//! Reading what somebody selects: backwards, by a filter, stream by stream.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{appended, event, fresh_stream, some_events};
use crate::{
    Append, Direction, EventFilter, NewEvent, Position, RecordedEvent, Replay, Selection, SharedLog, StreamId,
};

/// A kind of aggregate that only one test has.
fn fresh_kind() -> String {
    format!("conformance_{}", Uuid::now_v7().simple())
}

fn named(name: &'static str) -> NewEvent {
    NewEvent { event_type: name.into(), ..event("{\"x\":1}") }
}

/// Three streams of two kinds, their events in turns; what is in the log from then on.
async fn a_story(log: &SharedLog) -> (Position, Vec<RecordedEvent>, [StreamId; 3]) {
    let start = log.head().await.expect("the head");
    let (one, other) = (fresh_kind(), fresh_kind());
    let streams = [&one, &one, &other].map(|kind| StreamId::new(kind.as_str(), Uuid::now_v7()));
    let began: DateTime<Utc> = "2024-08-15T10:00:00Z".parse().expect("a time");
    for turn in 0..20 {
        for (index, stream) in streams.iter().enumerate() {
            let mut append = some_events(stream, turn * 2, 2);
            append.events = vec![named("Begun"), named("Ended")];
            append.metadata.occurred_at = began + TimeDelta::minutes(turn as i64);
            append.metadata.correlation_id = Uuid::from_u128(u128::from(turn) % 4 * 10 + index as u128);
            appended(log.append(Append { ..append }).await);
        }
    }
    let events = log.read(start, 1_000).await.expect("events");
    assert_eq!(events.len(), 120);
    (start, events, streams)
}

fn positions<'a>(events: impl IntoIterator<Item = &'a RecordedEvent>) -> Vec<i64> {
    events.into_iter().map(|event| event.position.0).collect()
}

/// What comes forwards comes backwards, too.
pub async fn the_log_is_read_backwards(log: &SharedLog) {
    let (start, events, _) = a_story(log).await;
    let mut before = Position(i64::MAX);
    let mut found = Vec::new();
    loop {
        let part = log.read_back(before, 7).await.expect("events");
        found.extend(part.iter().map(|event| event.position).take_while(|position| *position > start));
        match part.last() {
            Some(last) if last.position > start => before = last.position,
            _ => break,
        }
    }
    let mut expected: Vec<_> = events.iter().map(|event| event.position).collect();
    expected.reverse();
    assert_eq!(found, expected);
    assert!(log.read_back(Position(1), 10).await.expect("nothing").is_empty());
}

/// A stream is read page by page.
pub async fn a_stream_is_read_in_pages(log: &SharedLog) {
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 10)).await);
    for (after, limit, expected) in [(0, 3, 1..4), (7, 10, 8..11), (10, 5, 11..11), (0, 0, 1..1)] {
        let page = log.load_page(&stream, after, limit).await.expect("a page");
        assert_eq!(page.iter().map(|event| event.version).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
    assert!(log.load_page(&fresh_stream(), 0, 5).await.expect("no stream").is_empty());
}

/// Whatever the filter, the direction and the bounds: exactly what passes, once, in order.
pub async fn a_replay_has_what_passes_once_and_in_order(log: &SharedLog) {
    let (start, events, streams) = a_story(log).await;
    let at = |index: usize| events[index].position;
    let time = |minute: i64| {
        "2024-08-15T10:00:00Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::minutes(minute)
    };
    let kind = streams[0].aggregate_type.to_string();
    let filters = [
        EventFilter { aggregate_types: vec![kind.clone()], ..EventFilter::default() },
        EventFilter { event_types: vec!["Ended".to_owned()], ..EventFilter::default() },
        EventFilter { stream: Some(streams[1].clone()), ..EventFilter::default() },
        EventFilter { stream: Some(fresh_stream()), ..EventFilter::default() },
        EventFilter { correlation_id: Some(Uuid::from_u128(21)), ..EventFilter::default() },
        EventFilter {
            occurred_since: Some(time(3)),
            occurred_until: Some(time(9)),
            event_types: vec!["Begun".to_owned(), "Never".to_owned()],
            ..EventFilter::default()
        },
        EventFilter {
            recorded_since: Some(events[0].recorded_at),
            recorded_until: Some(Utc::now() + TimeDelta::days(1)),
            ..EventFilter::default()
        },
        EventFilter {
            recorded_until: Some(events[0].recorded_at - TimeDelta::days(3)),
            ..EventFilter::default()
        },
        EventFilter::default(),
    ];
    for filter in filters {
        for direction in [Direction::Forwards, Direction::Backwards] {
            for (after, before) in [
                (start, None),
                (at(10), None),
                (start, Some(at(90))),
                (at(30), Some(at(31))),
                (at(40), Some(at(80))),
            ] {
                let selection = Selection { after, before, direction, filter: filter.clone() };
                let mut expected: Vec<_> = events
                    .iter()
                    .filter(|event| {
                        event.position > after && before.is_none_or(|before| event.position < before)
                    })
                    .filter(|event| filter.lets_through(event))
                    .collect();
                if direction == Direction::Backwards {
                    expected.reverse();
                }
                let found = replayed(log, selection.clone()).await;
                assert_eq!(positions(&found), positions(expected), "{selection:?}");
            }
        }
    }
}

async fn replayed(log: &SharedLog, selection: Selection) -> Vec<RecordedEvent> {
    let mut replay = Replay::begin(log.clone(), selection, 4_096).await.expect("a replay");
    let mut found = Vec::new();
    loop {
        let part = replay.next().await.expect("a part");
        found.extend(part.events);
        if part.is_end {
            return found;
        }
    }
}

/// A replay that has come to the end goes on when the log has grown; and who begins where another stopped misses nothing.
pub async fn a_replay_goes_on_as_the_log_grows(log: &SharedLog) {
    let stream = fresh_stream();
    let after = log.head().await.expect("the head");
    let filters = [
        EventFilter::default(),
        EventFilter { stream: Some(stream.clone()), ..EventFilter::default() },
        EventFilter { aggregate_types: vec!["conformance".to_owned()], ..EventFilter::default() },
    ];
    let mut replays = Vec::new();
    for filter in filters {
        let selection = Selection { after, filter, ..Selection::default() };
        replays.push(Replay::begin(log.clone(), selection, 100_000).await.expect("a replay"));
    }
    for round in 0..5 {
        appended(log.append(some_events(&stream, round * 3, 3)).await);
        for replay in &mut replays {
            let mut versions = Vec::new();
            loop {
                let part = replay.next().await.expect("a part");
                versions.extend(part.events.iter().map(|event| event.version));
                if part.is_end {
                    let rest = Selection { after: part.reached, ..replay.selection().clone() };
                    assert!(replayed(log, rest).await.is_empty());
                    break;
                }
            }
            assert_eq!(versions, (round * 3 + 1..=round * 3 + 3).collect::<Vec<_>>());
        }
    }
}

/// Each stream once, in the order of names, with its last event.
pub async fn streams_are_listed_by_their_last_events(log: &SharedLog) {
    let kind = fresh_kind();
    let ids = ["b", "a-1", "é", "0191d3a4-5b6c-7d8e-9fa0-b1c2d3e4f506", "A", "z"];
    for (index, id) in ids.into_iter().enumerate() {
        appended(log.append(some_events(&StreamId::new(kind.as_str(), id), 0, index + 1)).await);
    }
    let mut sorted = ids;
    sorted.sort_unstable();
    for limit in [1, 2, 4, 6, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let part = log.last_events(after.as_ref(), Some(&kind), limit).await.expect("streams");
            assert!(part.len() <= limit);
            found.extend(part.iter().map(|event| (event.stream.aggregate_id.to_string(), event.version)));
            match part.last() {
                Some(last) => after = Some(last.stream.clone()),
                None => break,
            }
        }
        let expected = sorted.map(|id| {
            let events = ids.iter().position(|other| *other == id).expect("one of them") as u64 + 1;
            (id.to_owned(), events)
        });
        assert_eq!(found, expected, "{limit} at a time");
    }
    let before = StreamId::new(kind.as_str(), "0");
    let all = log.last_events(Some(&before), None, 3).await.expect("streams");
    assert!(all.iter().all(|event| *event.stream.aggregate_type >= *kind));
    assert!(log.last_events(None, Some("no_such_kind"), 10).await.expect("none").is_empty());
}
