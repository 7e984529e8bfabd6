//! A log and its read models, for one test.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use agrodeep_domain::{Aggregate, DomainEvent};
use agrodeep_event_store::{
    Append, AppendOutcome, Metadata, NewEvent, Position, SharedLog, StreamId, postgres::testing::TestDatabase,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    ReadModels,
    accounts::AccountsProjection,
    baskets::BasketsProjection,
    deliveries::DeliveriesProjection,
    feed::Feed,
    order_history::OrderHistoryProjection,
    orders::OrdersProjection,
    products::ProductsProjection,
    projection::Projection,
    runner::{Reached, Runner},
    sagas::SagasProjection,
    verify::{Report, rebuild_and_compare},
};

pub const SYSTEM: &str = "system:order_fulfilment";

pub struct Market {
    database: TestDatabase,
    pub log: SharedLog,
    pub reads: ReadModels,
    versions: Mutex<HashMap<StreamId, u64>>,
    seconds: AtomicI64,
}

impl Market {
    pub async fn open() -> Arc<Self> {
        let database = TestDatabase::create_with_read().await;
        let log = database.log().await;
        let reads = ReadModels::new(log.clone(), database.read_pool().clone());
        Arc::new(Self { database, log, reads, versions: Mutex::default(), seconds: AtomicI64::new(0) })
    }

    pub fn pool(&self) -> &PgPool {
        self.database.read_pool()
    }

    /// The business time of the last event.
    pub fn now(&self) -> DateTime<Utc> {
        start() + TimeDelta::seconds(self.seconds.load(Ordering::Relaxed))
    }

    /// Something happens to the aggregate `id`, a second later than what happened before.
    pub async fn happens<A: Aggregate>(&self, id: Uuid, actor: &str, event: impl Into<A::Event>) -> Position {
        let event: A::Event = event.into();
        let payload = serde_json::to_string(&event).unwrap();
        self.appears(StreamId::new(A::TYPE, id), actor, event.name(), event.version(), payload).await
    }

    /// An event appears in a stream, whatever it is.
    pub async fn appears(
        &self,
        stream: StreamId,
        actor: &str,
        event_type: &'static str,
        event_version: &'static str,
        payload: String,
    ) -> Position {
        self.seconds.fetch_add(1, Ordering::Relaxed);
        let command_id = Uuid::now_v7();
        let expected_version = self.versions.lock().unwrap().get(&stream).copied().unwrap_or(0);
        let append = Append {
            stream: stream.clone(),
            expected_version,
            command_id,
            events: vec![NewEvent {
                event_type: event_type.into(),
                event_version: event_version.into(),
                payload: RawValue::from_string(payload).unwrap(),
            }],
            metadata: Metadata {
                actor: actor.to_owned(),
                correlation_id: command_id,
                causation_id: command_id,
                traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
                occurred_at: self.now(),
                other: [("client".to_owned(), "test".to_owned())].into(),
            },
        };
        match self.log.append(append).await.unwrap() {
            AppendOutcome::Appended(appended) => {
                self.versions.lock().unwrap().insert(stream, appended.version);
                appended.position
            }
            refused => panic!("{stream}: {refused:?}"),
        }
    }

    /// Runs all projections up to the log's end.
    pub async fn project(&self) {
        let head = self.log.head().await.unwrap();
        let feed = Feed::new(self.log.clone());
        tokio::join!(
            Box::pin(project::<AccountsProjection>(&feed, self.pool(), head)),
            Box::pin(project::<ProductsProjection>(&feed, self.pool(), head)),
            Box::pin(project::<OrdersProjection>(&feed, self.pool(), head)),
            Box::pin(project::<OrderHistoryProjection>(&feed, self.pool(), head)),
            Box::pin(project::<DeliveriesProjection>(&feed, self.pool(), head)),
            Box::pin(project::<BasketsProjection>(&feed, self.pool(), head)),
            Box::pin(project::<SagasProjection>(&feed, self.pool(), head)),
        );
    }

    /// A projection that has not begun, with a log connection of its own.
    pub async fn runner<P: Projection>(&self) -> Runner<P> {
        Runner::new(
            Feed::new(self.database.log().await),
            self.pool().clone(),
            watch::channel(Reached::default()).0,
        )
    }

    /// What differs between the read models and a fold of the log.
    pub async fn check(&self) -> Report {
        rebuild_and_compare(self.log.clone(), self.pool()).await.unwrap()
    }

    /// What is parked: projection, position, behind which aggregate, and whether it is what could not be applied.
    pub async fn parked(&self) -> Vec<(String, i64, String, bool)> {
        sqlx::query_as(
            "select projection, position, aggregate_type || '-' || aggregate_id, reason is not null
             from parked_events order by projection, position",
        )
        .fetch_all(self.pool())
        .await
        .unwrap()
    }
}

async fn project<P: Projection>(feed: &Arc<Feed>, pool: &PgPool, until: Position) {
    let mut runner = Runner::<P>::new(feed.clone(), pool.clone(), watch::channel(Reached::default()).0);
    runner.run_until(until, &CancellationToken::new()).await;
}

fn start() -> DateTime<Utc> {
    "2024-08-15T09:00:00Z".parse().unwrap()
}
