//! For applications written with `cqrs-es`: its `EventStore` on a log.
//!
//! One line changes, and the application has group commit, positions and everything that follows a log:
//!
//! ```
//! # use agrodeep_event_store::{SharedLog, cqrs::CqrsStore};
//! # use cqrs_es::{Aggregate, CqrsFramework};
//! # fn framework<A: Aggregate>(log: SharedLog, services: A::Services) -> CqrsFramework<A, CqrsStore> {
//! // let store = PersistedEventStore::new_event_store(PostgresEventRepository::new(pool));
//! let store = CqrsStore::new(log);
//! CqrsFramework::new(store, vec![], services)
//! # }
//! ```
//!
//! What differs from `postgres-es`: there are no snapshots (a load reads the whole stream), and an aggregate's `TYPE` must
//! not contain `-`. `PostgresEventRepository` still reads what is written here, with the keys added that
//! [`CqrsStore`] tells of.

pub(crate) mod metadata;

use std::collections::HashMap;

use chrono::{SubsecRound, Utc};
use cqrs_es::{
    Aggregate, AggregateError, DomainEvent, EventEnvelope, EventStore,
    persist::{EventStoreAggregateContext, EventUpcaster, SerializedEvent},
};
use uuid::Uuid;

use self::metadata::{given_map, with_defaults};
use crate::{Append, AppendOutcome, LogError, NewEvent, RecordedEvent, SharedLog, StreamId};

/// `cqrs-es`' event store on a log.
///
/// An aggregate's stream is `<TYPE>-<id>`, its sequence numbers are the stream's versions. A commit is one command with an id
/// of its own; the log asks again by itself when an answer is lost, so it is never done twice.
///
/// The metadata map is kept and comes back as it was given. The keys `actor`, `correlation_id`, `causation_id`,
/// `traceparent` and `occurred_at` become the log's own [`Metadata`](crate::Metadata) when they have its form (UUIDs, an
/// RFC 3339 time). What is missing is filled in: `system:cqrs-es` as the actor, the command's id as correlation and
/// causation, the present as the time; the key `cqrs-es.given` tells which of them were given, `cqrs-es.text.<key>` keeps
/// a text that is not of the form. Keys that begin with `cqrs-es.` are therefore refused, and `originally_recorded_at`.
pub struct CqrsStore {
    log: SharedLog,
    upcasters: Vec<Box<dyn EventUpcaster>>,
}

impl CqrsStore {
    /// On this log.
    pub fn new(log: SharedLog) -> Self {
        Self { log, upcasters: Vec::new() }
    }

    /// Events of old versions are brought up to date by these, in this order.
    #[must_use]
    pub fn with_upcasters(self, upcasters: Vec<Box<dyn EventUpcaster>>) -> Self {
        Self { upcasters, ..self }
    }

    async fn load<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let stream = StreamId::new(A::TYPE, aggregate_id);
        let events = self.log.load(&stream, 0).await.map_err(failure::<A>)?;
        events.into_iter().map(|event| self.envelope(aggregate_id, event)).collect()
    }

    fn envelope<A: Aggregate>(
        &self,
        aggregate_id: &str,
        event: RecordedEvent,
    ) -> Result<EventEnvelope<A>, AggregateError<A::Error>> {
        let unreadable = |error: serde_json::Error| AggregateError::DeserializationError(Box::new(error));
        let metadata = given_map(&event.metadata);
        let sequence = event.version as usize;
        let mut upcasters = self.upcasters.iter();
        if !upcasters.any(|upcaster| upcaster.can_upcast(&event.event_type, &event.event_version)) {
            let payload = serde_json::from_str(event.payload.get()).map_err(unreadable)?;
            return Ok(EventEnvelope { aggregate_id: aggregate_id.to_owned(), sequence, payload, metadata });
        }
        let serialized = SerializedEvent::new(
            aggregate_id.to_owned(),
            sequence,
            A::TYPE.to_owned(),
            event.event_type,
            event.event_version,
            serde_json::from_str(event.payload.get()).map_err(unreadable)?,
            serde_json::to_value(metadata).map_err(unreadable)?,
        );
        let today = self.upcasters.iter().fold(serialized, |event, upcaster| {
            if upcaster.can_upcast(&event.event_type, &event.event_version) {
                upcaster.upcast(event)
            } else {
                event
            }
        });
        Ok(EventEnvelope::try_from(today)?)
    }
}

impl<A: Aggregate> EventStore<A> for CqrsStore {
    type AC = EventStoreAggregateContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        self.load(aggregate_id).await
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Self::AC, AggregateError<A::Error>> {
        let mut context = EventStoreAggregateContext {
            aggregate_id: aggregate_id.to_owned(),
            aggregate: A::default(),
            current_sequence: 0,
            current_snapshot: None,
        };
        for envelope in self.load::<A>(aggregate_id).await? {
            context.current_sequence = envelope.sequence;
            context.aggregate.apply(envelope.payload);
        }
        Ok(context)
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let command_id = Uuid::now_v7();
        let now = Utc::now().trunc_subsecs(6);
        let append = Append {
            stream: StreamId::new(A::TYPE, context.aggregate_id.as_str()),
            expected_version: context.current_sequence as u64,
            command_id,
            events: events.iter().map(new_event).collect::<Result<_, _>>().map_err(unexpected::<A>)?,
            metadata: with_defaults(metadata.clone().into_iter().collect(), command_id, now)
                .map_err(unexpected::<A>)?,
        };
        match self.log.append(append).await.map_err(failure::<A>)? {
            AppendOutcome::Appended(_) => {}
            AppendOutcome::Conflict { .. } => return Err(AggregateError::AggregateConflict),
            AppendOutcome::AlreadyDone => {
                return Err(unexpected::<A>(LogError::Corrupt(format!(
                    "the new command {command_id} is in the log already"
                ))));
            }
        }
        let numbered = (context.current_sequence + 1..).zip(events);
        let envelopes = numbered.map(|(sequence, payload)| EventEnvelope {
            aggregate_id: context.aggregate_id.clone(),
            sequence,
            payload,
            metadata: metadata.clone(),
        });
        Ok(envelopes.collect())
    }
}

fn new_event(event: &impl DomainEvent) -> Result<NewEvent, serde_json::Error> {
    Ok(NewEvent {
        event_type: event.event_type().into(),
        event_version: event.event_version().into(),
        payload: serde_json::value::to_raw_value(event)?,
    })
}

fn failure<A: Aggregate>(error: LogError) -> AggregateError<A::Error> {
    match error {
        LogError::Unavailable(_) | LogError::Unknown(_) => {
            AggregateError::DatabaseConnectionError(Box::new(error))
        }
        LogError::Invalid(_) | LogError::Corrupt(_) => unexpected::<A>(error),
    }
}

fn unexpected<A: Aggregate>(
    error: impl std::error::Error + Send + Sync + 'static,
) -> AggregateError<A::Error> {
    AggregateError::UnexpectedError(Box::new(error))
}
