//! That the double keeps KurrentDB's own rules: what it documents of expected versions and idempotence, asked by its own
//! client without our adapter.

use agrodeep_event_store::kurrentdb::double::Double;
use kurrentdb::{
    AppendToStreamOptions, Client, CurrentRevision, Error, EventData, ReadAllOptions, ReadStreamOptions,
    StreamPosition, StreamState, SubscribeToAllOptions, SubscriptionEvent, SubscriptionFilter, WriteResult,
};
use uuid::Uuid;

fn client(double: &Double) -> Client {
    Client::new(format!("{}&discoveryInterval=20", double.url()).parse().unwrap()).unwrap()
}

fn events(ids: &[Uuid]) -> Vec<EventData> {
    ids.iter().map(|id| EventData::json("Happened", &1).unwrap().id(*id)).collect()
}

async fn append(client: &Client, state: StreamState, ids: &[Uuid]) -> Result<WriteResult, Error> {
    client
        .append_to_stream("some-stream", &AppendToStreamOptions::default().stream_state(state), events(ids))
        .await
}

fn wrong(result: Result<WriteResult, Error>) -> Option<u64> {
    match result {
        Err(Error::WrongExpectedVersion { current: CurrentRevision::Current(revision), .. }) => {
            Some(revision)
        }
        Err(Error::WrongExpectedVersion { current: CurrentRevision::NoStream, .. }) => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_write_is_known_again_under_the_same_version_only() {
    let double = Double::start().await;
    let client = client(&double);
    let ids: Vec<_> = (0..6).map(|_| Uuid::now_v7()).collect();
    assert_eq!(wrong(append(&client, StreamState::StreamRevision(0), &ids[..1]).await), None);
    assert_eq!(wrong(append(&client, StreamState::StreamExists, &ids[..1]).await), None);

    let first = append(&client, StreamState::NoStream, &ids[..2]).await.unwrap();
    assert_eq!(first.next_expected_version, 1);
    append(&client, StreamState::StreamRevision(1), &ids[2..3]).await.unwrap();
    let again = append(&client, StreamState::NoStream, &ids[..2]).await.unwrap();
    assert_eq!((again.next_expected_version, again.position), (1, first.position));
    // A part of it, with something else behind it.
    assert_eq!(wrong(append(&client, StreamState::NoStream, &[ids[0], ids[5]]).await), Some(2));
    assert_eq!(wrong(append(&client, StreamState::NoStream, &ids[4..5]).await), Some(2));
    // Under a later version it is new.
    append(&client, StreamState::StreamRevision(2), &ids[..2]).await.unwrap();
    // Under any version it is known among those of late.
    append(&client, StreamState::Any, &ids[2..3]).await.unwrap();
    assert_eq!(double.event_ids("some-stream"), [ids[0], ids[1], ids[2], ids[0], ids[1]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_soft_deletion_is_no_stream_until_it_goes_on_and_a_hard_one_is_for_ever() {
    let double = Double::start().await;
    let client = client(&double);
    append(&client, StreamState::NoStream, &[Uuid::now_v7(), Uuid::now_v7()]).await.unwrap();
    client.delete_stream("some-stream", &Default::default()).await.unwrap();
    let read = async || {
        let mut stream = client.read_stream("some-stream", &ReadStreamOptions::default()).await?;
        let mut revisions = Vec::new();
        while let Some(event) = stream.next().await? {
            revisions.push(event.get_original_event().revision);
        }
        Ok::<_, Error>(revisions)
    };
    assert!(matches!(read().await, Err(Error::ResourceNotFound)));
    let next = append(&client, StreamState::NoStream, &[Uuid::now_v7()]).await.unwrap();
    assert_eq!(next.next_expected_version, 2);
    assert_eq!(read().await.unwrap(), [2]);
    client.tombstone_stream("some-stream", &Default::default()).await.unwrap();
    assert!(matches!(read().await, Err(Error::ResourceDeleted)));
    let refused = append(&client, StreamState::Any, &[Uuid::now_v7()]).await;
    assert!(matches!(refused, Err(Error::ResourceDeleted)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_log_is_read_from_a_position_that_comes_along_and_has_holes() {
    let double = Double::start().await;
    let client = client(&double);
    append(&client, StreamState::NoStream, &[Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()]).await.unwrap();
    let read = async |options: ReadAllOptions| {
        let mut stream = client.read_all(&options).await.unwrap();
        let mut read = Vec::new();
        while let Some(event) = stream.next().await.unwrap() {
            let event = event.event.unwrap();
            read.push((event.stream_id().to_owned(), event.position));
        }
        read
    };
    let all = read(ReadAllOptions::default()).await;
    assert!(all.iter().any(|(stream, _)| stream.starts_with('$')));
    assert!(all.windows(2).all(|pair| pair[0].1.commit + 50 < pair[1].1.commit));
    let second = all[all.len() - 2].1;
    let from = ReadAllOptions::default().position(StreamPosition::Position(second));
    assert_eq!(read(from.clone().forwards()).await.len(), 2, "with the position itself");
    assert_eq!(read(from.backwards()).await.len(), all.len() - 2, "without it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_catches_up_says_so_and_goes_on() {
    let double = Double::start().await;
    let client = client(&double);
    for _ in 0..3 {
        append(&client, StreamState::Any, &[Uuid::now_v7()]).await.unwrap();
    }
    double.append_foreign("logs", "Line", "{}");
    let filter = SubscriptionFilter::on_stream_name().add_prefix("some-").max(2);
    let options = SubscribeToAllOptions::default().position(StreamPosition::Start).filter(filter);
    let mut subscription = client.subscribe_to_all(&options).await;
    let (mut seen, mut checkpoints) = (0, 0);
    loop {
        match subscription.next_subscription_event().await.unwrap() {
            SubscriptionEvent::EventAppeared(_) => seen += 1,
            SubscriptionEvent::Checkpoint(_) => checkpoints += 1,
            SubscriptionEvent::CaughtUp(caught_up) => {
                assert!(caught_up.unwrap().position.is_some());
                break;
            }
            _ => {}
        }
    }
    assert_eq!(seen, 3);
    assert!(checkpoints >= 3, "after every two considered events, and at the end: {checkpoints}");
    append(&client, StreamState::Any, &[Uuid::now_v7()]).await.unwrap();
    assert_eq!(subscription.next().await.unwrap().get_original_event().revision, 3);
}
