//! A `cqrs-es` application on the log: its sequences, its metadata, its conflicts, and `postgres-es` reading along.

#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, convert::Infallible};

use agrodeep_event_store::{StreamId, cqrs::CqrsStore, integrity::verify, postgres::testing::TestDatabase};
use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, CqrsFramework, DomainEvent, EventStore,
    event_sink::EventSink,
    persist::{PersistedEventRepository, PersistedEventStore, SemanticVersionEventUpcaster},
};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
struct Counter {
    total: u64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum CounterEvent {
    Raised { by: u64 },
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "Raised".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for Counter {
    const TYPE: &'static str = "counter";
    /// By how much, and in how many events.
    type Command = (u64, usize);
    type Event = CounterEvent;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        (by, times): (u64, usize),
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        for _ in 0..times {
            sink.write(CounterEvent::Raised { by }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, CounterEvent::Raised { by }: CounterEvent) {
        self.total += by;
    }
}

fn metadata() -> HashMap<String, String> {
    [("actor", "teller:7"), ("correlation_id", "request 17"), ("branch", "Lyon")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

async fn load(store: &impl EventStore<Counter>, id: &str) -> Counter {
    let mut context = store.load_aggregate(id).await.unwrap();
    std::mem::take(context.aggregate())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_is_loaded_as_it_was() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let framework = CqrsFramework::<Counter, _>::new(CqrsStore::new(log.clone()), vec![], ());
    framework.execute_with_metadata("no uuid", (2, 3), metadata()).await.unwrap();
    framework.execute("no uuid", (5, 1)).await.unwrap();
    framework.execute("no uuid", (5, 0)).await.unwrap();

    let store = CqrsStore::new(log.clone());
    let events = EventStore::<Counter>::load_events(&store, "no uuid").await.unwrap();
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
    assert_eq!(events[3].payload, CounterEvent::Raised { by: 5 });
    assert_eq!((&events[0].metadata, &events[2].metadata), (&metadata(), &metadata()));
    assert_eq!(events[3].metadata, HashMap::new());
    assert_eq!(load(&store, "no uuid").await, Counter { total: 11 });
    assert_eq!(load(&store, "unknown").await, Counter { total: 0 });

    let recorded = log.load(&StreamId::new("counter", "no uuid"), 0).await.unwrap();
    assert_eq!(recorded[0].command_id, recorded[2].command_id);
    assert_eq!(
        (recorded[0].metadata.actor.as_str(), recorded[3].metadata.actor.as_str()),
        ("teller:7", "system:cqrs-es")
    );
    assert!(verify(&log, |_| ()).await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_es_reads_what_was_written_here() {
    let database = TestDatabase::create().await;
    let framework = CqrsFramework::<Counter, _>::new(CqrsStore::new(database.log().await), vec![], ());
    framework.execute_with_metadata("A-1", (2, 3), metadata()).await.unwrap();

    let repository = PostgresEventRepository::new(database.pool().clone());
    let serialized = repository.get_events::<Counter>("A-1").await.unwrap();
    assert_eq!(serialized.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    let stock = PersistedEventStore::<_, Counter>::new_event_store(repository);
    assert_eq!(load(&stock, "A-1").await, Counter { total: 6 });
    let events = stock.load_events("A-1").await.unwrap();
    assert_eq!(
        (events[0].metadata["actor"].as_str(), events[0].metadata["branch"].as_str()),
        ("teller:7", "Lyon")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_decides_on_an_old_state_is_told_of_the_conflict() {
    let database = TestDatabase::create().await;
    let store = CqrsStore::new(database.log().await);
    let (one, other) = (
        EventStore::<Counter>::load_aggregate(&store, "1").await.unwrap(),
        EventStore::<Counter>::load_aggregate(&store, "1").await.unwrap(),
    );
    let raised = || vec![CounterEvent::Raised { by: 1 }];
    let committed = store.commit(raised(), one, HashMap::new()).await.unwrap();
    assert_eq!(committed[0].sequence, 1);
    let refused = store.commit(raised(), other, HashMap::new()).await;
    assert!(matches!(refused, Err(AggregateError::AggregateConflict)), "{refused:?}");
    assert_eq!(load(&store, "1").await, Counter { total: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_each_is_done_or_told_of_the_conflict() {
    let database = TestDatabase::create().await;
    let log = database.log().await;
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let framework = CqrsFramework::<Counter, _>::new(CqrsStore::new(log.clone()), vec![], ());
            tokio::spawn(async move {
                let mut conflicts = 0;
                loop {
                    match framework.execute("hot", (1, 1)).await {
                        Ok(()) => return conflicts,
                        Err(AggregateError::AggregateConflict) => conflicts += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    let mut conflicts = 0;
    for task in tasks {
        conflicts += task.await.unwrap();
    }
    assert!(conflicts > 0, "nothing collided");
    assert_eq!(load(&CqrsStore::new(log), "hot").await, Counter { total: 12 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_events_are_brought_up_to_date() {
    let database = TestDatabase::create().await;
    let framework = CqrsFramework::<Counter, _>::new(CqrsStore::new(database.log().await), vec![], ());
    framework.execute("1", (1, 1)).await.unwrap();
    let upcaster = SemanticVersionEventUpcaster::new(
        "Raised",
        "2.0",
        Box::new(|mut payload| {
            payload["Raised"]["by"] = 100.into();
            payload
        }),
    );
    let store = CqrsStore::new(database.log().await).with_upcasters(vec![Box::new(upcaster)]);
    assert_eq!(load(&store, "1").await, Counter { total: 100 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_kept_is_refused() {
    let database = TestDatabase::create().await;
    let framework = CqrsFramework::<Counter, _>::new(CqrsStore::new(database.log().await), vec![], ());
    let reserved = HashMap::from([("cqrs-es.given".to_owned(), "actor".to_owned())]);
    let refused = framework.execute_with_metadata("1", (1, 1), reserved).await.unwrap_err();
    assert!(refused.to_string().contains("`cqrs-es.given` is reserved"), "{refused}");
    let nul = HashMap::from([("branch".to_owned(), "\0".to_owned())]);
    // JSON can say it, and `json` keeps it.
    framework.execute_with_metadata("1", (1, 1), nul.clone()).await.unwrap();
    let store = CqrsStore::new(database.log().await);
    assert_eq!(EventStore::<Counter>::load_events(&store, "1").await.unwrap()[0].metadata, nul);
}
