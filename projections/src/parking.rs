//! Aggregates with an event that could not be applied: all their later events wait in order, everything else goes on.

use std::collections::HashSet;

use agrodeep_event_store::StreamId;
use sqlx::{PgConnection, types::Uuid};

use crate::{
    Model,
    fact::{LogEvent, Poison},
};

/// What is parked of one projection.
#[derive(Default)]
pub(crate) struct Parking {
    streams: HashSet<StreamId>,
    new: Vec<Parked>,
}

struct Parked {
    behind: StreamId,
    position: i64,
    event_type: String,
    reason: Option<String>,
}

impl Parking {
    /// What is stored, as it is now: a person may have ended a parking meanwhile.
    pub async fn load(connection: &mut PgConnection, model: Model) -> Result<Self, sqlx::Error> {
        let streams: Vec<(String, Uuid)> = sqlx::query_as(
            "select distinct aggregate_type, aggregate_id from parked_events where projection = $1",
        )
        .bind(model.as_str())
        .fetch_all(connection)
        .await?;
        let streams = streams.iter().map(|(kind, id)| StreamId::new(kind.as_str(), *id)).collect();
        Ok(Self { streams, new: Vec::new() })
    }

    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    pub fn contains(&self, stream: &StreamId) -> bool {
        self.streams.contains(stream)
    }

    /// How many aggregates are parked.
    pub fn count(&self) -> usize {
        self.streams.len()
    }

    /// An event that cannot be applied parks its aggregate.
    pub fn park(&mut self, model: Model, event: &LogEvent, poison: &Poison) {
        let stream = &event.recorded.stream;
        tracing::error!(
            projection = model.as_str(),
            position = event.position().0,
            %stream,
            event_type = event.recorded.event_type,
            reason = %poison,
            "an event cannot be applied; its aggregate is parked"
        );
        metrics::counter!("projection_parked_total", "projection" => model.as_str()).increment(1);
        self.streams.insert(stream.clone());
        self.push(event, stream.clone(), Some(poison.to_string()));
    }

    /// An event waits behind one of `behind` that could not be applied.
    pub fn wait(&mut self, event: &LogEvent, behind: StreamId) {
        self.push(event, behind, None);
    }

    fn push(&mut self, event: &LogEvent, behind: StreamId, reason: Option<String>) {
        let event_type = event.recorded.event_type.clone();
        self.new.push(Parked { behind, position: event.position().0, event_type, reason });
    }

    /// Stores what this batch has parked.
    pub async fn write(&self, connection: &mut PgConnection, model: Model) -> Result<(), sqlx::Error> {
        if self.new.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into parked_events (projection, position, aggregate_type, aggregate_id, event_type, reason)
             select $1, * from unnest($2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::text[])",
        )
        .bind(model.as_str())
        .bind(self.new.iter().map(|p| p.position).collect::<Vec<_>>())
        .bind(self.new.iter().map(|p| p.behind.aggregate_type.to_string()).collect::<Vec<_>>())
        .bind(self.new.iter().map(|p| p.behind.uuid()).collect::<Vec<_>>())
        .bind(self.new.iter().map(|p| p.event_type.clone()).collect::<Vec<_>>())
        .bind(self.new.iter().map(|p| p.reason.clone()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What this batch has parked is stored.
    pub fn stored(&mut self) {
        self.new.clear();
    }
}
