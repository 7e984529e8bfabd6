use std::collections::HashSet;

use agrodeep_domain::{
    Aggregate, OrderFulfilment, OrderId,
    order_fulfilment::{Condition, OrderFulfilmentEvent},
};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use sqlx::PgConnection;

use super::{Saga, store, trace_id};
use crate::{
    Model, ReadError,
    cache::{Dirt, Rows},
    fact::{Fact, LogEvent, Poison},
    projection::Projection,
};

/// How many sagas are kept at hand between batches.
const KEPT_MAX: usize = 8192;

pub(crate) struct SagasProjection {
    sagas: Rows<OrderId, Saga>,
}

impl Default for SagasProjection {
    fn default() -> Self {
        Self { sagas: Rows::new(KEPT_MAX) }
    }
}

fn id(event: &LogEvent) -> OrderId {
    OrderId::from_uuid(event.recorded.stream.uuid())
}

fn place(state: &OrderFulfilment) -> (Option<Condition>, Option<&'static str>) {
    (state.condition(), state.stands_at())
}

#[async_trait]
impl Projection for SagasProjection {
    const MODEL: Model = Model::Sagas;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["sagas"];

    fn wants(event: &RecordedEvent) -> bool {
        *event.stream.aggregate_type == *OrderFulfilment::TYPE
    }

    fn subject(_: &LogEvent) -> Option<StreamId> {
        None
    }

    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        let missing: HashSet<OrderId> = events
            .iter()
            .filter(|event| event.recorded.version > 1)
            .map(|event| id(event))
            .filter(|id| !self.sagas.contains(id))
            .collect();
        for saga in store::load(connection, missing).await? {
            self.sagas.loaded(saga.order_id, saga);
        }
        Ok(())
    }

    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        let Fact::Fulfilment(fact) = event.fact()? else { return Ok(()) };
        let (order_id, recorded) = (id(event), &event.recorded);
        event.follows(self.sagas.get(&order_id).map_or(0, |saga| saga.version))?;
        let at = recorded.metadata.occurred_at;
        if let OrderFulfilmentEvent::FulfilmentStarted(_) = fact {
            self.sagas.create(
                order_id,
                Saga {
                    order_id,
                    fulfilment: OrderFulfilment::fold([fact]),
                    started_at: at,
                    since: at,
                    updated_at: at,
                    trace_id: trace_id(recorded).map(str::to_owned),
                    version: recorded.version,
                },
            );
            return Ok(());
        }
        let saga = self.sagas.change(&order_id, Dirt::Whole).ok_or(Poison::Missing)?;
        let before = place(&saga.fulfilment);
        saga.fulfilment.apply(fact);
        if place(&saga.fulfilment) != before {
            saga.since = at;
        }
        saga.updated_at = at;
        saga.version = recorded.version;
        Ok(())
    }

    async fn leave_out(connection: &mut PgConnection, event: &LogEvent) -> Result<(), sqlx::Error> {
        sqlx::query("update sagas set version = $2 where order_id = $1 and version = $2 - 1")
            .bind(event.recorded.stream.uuid())
            .bind(event.recorded.version as i64)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        store::write(connection, &self.sagas.changed(Dirt::Whole)).await
    }

    fn stored(&mut self) {
        self.sagas.stored();
    }

    fn forget(&mut self) {
        self.sagas.forget();
    }
}
