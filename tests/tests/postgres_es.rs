//! Users of postgres-es can read our log with its own repository, and our aggregates are cqrs-es aggregates.

#![allow(clippy::unwrap_used)]

use agrodeep_domain::{Account, AccountId, Role, account::RegisterAccount};
use agrodeep_event_store::{
    Append, AppendOutcome, Metadata, NewEvent, StreamId, postgres::testing::TestDatabase,
};
use cqrs_es::{
    AggregateContext, EventStore,
    persist::{PersistedEventRepository, PersistedEventStore},
};
use postgres_es::PostgresEventRepository;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_es_reads_what_we_append() {
    use agrodeep_domain::{Aggregate, DomainEvent};

    let database = TestDatabase::create().await;
    let log = database.log().await;
    let id = Uuid::now_v7();
    let register = RegisterAccount {
        account_id: AccountId::from_uuid(id),
        role: Role::Producer,
        email: "ferme@example.org".to_owned().into(),
        first_name: "Jean".to_owned().into(),
        last_name: "Dupont".to_owned().into(),
        phone: None,
        company: Some("Ferme du Coin".to_owned()),
    };
    let events = Account::default().decide(&register.into()).unwrap();
    let metadata = Metadata {
        actor: "system:test".to_owned(),
        correlation_id: id,
        causation_id: id,
        traceparent: None,
        occurred_at: chrono::Utc::now(),
        other: std::collections::BTreeMap::new(),
    };
    let append = Append {
        stream: StreamId::new(Account::TYPE, id),
        expected_version: 0,
        command_id: Uuid::now_v7(),
        events: events
            .iter()
            .map(|event| NewEvent {
                event_type: event.name().into(),
                event_version: event.version().into(),
                payload: serde_json::value::to_raw_value(event).unwrap(),
            })
            .collect(),
        metadata,
    };
    assert!(matches!(log.append(append).await, Ok(AppendOutcome::Appended(_))));

    let repository = PostgresEventRepository::new(database.pool().clone());
    let serialized = repository.get_events::<Account>(&id.to_string()).await.unwrap();
    assert_eq!(serialized.len(), 1);
    assert_eq!((serialized[0].sequence, serialized[0].event_type.as_str()), (1, "AccountRegistered"));

    let store = PersistedEventStore::<_, Account>::new_event_store(repository);
    let mut context = store.load_aggregate(&id.to_string()).await.unwrap();
    assert_eq!(context.aggregate(), &Account::fold(&events));
}
