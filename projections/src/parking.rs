//! Aggregates with an event that could not be applied: all their later events wait in order, everything else goes on.
//!
//! * [`Parking`] is what a batch knows of it.
//! * [`ParkingDesk`] is what people see of it, and where they decide.
//! * `runner/release.rs` is how a projection carries out what was decided.

pub(crate) mod decision;
mod desk;

use std::collections::HashSet;

use agrodeep_event_store::{Position, StreamId};
use sqlx::{PgConnection, types::Uuid};

pub use self::{
    decision::{Decision, DecisionKind, Outcome},
    desk::{DecideError, ParkedAggregate, ParkedDetail, ParkedEvent, ParkedFilter, ParkingDesk, Verdict},
};
use crate::{
    Model,
    fact::{LogEvent, Poison},
};

/// The stream that is written like this, `order-0191…`; `None`: none of ours is.
pub fn stream_named(name: &str) -> Option<StreamId> {
    let (aggregate_type, id) = name.split_once('-')?;
    let stream = StreamId::new(aggregate_type, Uuid::parse_str(id).ok()?);
    let has_nul = aggregate_type.contains('\0');
    (stream.check().is_ok() && !has_nul).then_some(stream)
}

/// What is parked of one projection.
#[derive(Default)]
pub(crate) struct Parking {
    streams: HashSet<StreamId>,
    new: Vec<Parked>,
}

struct Parked {
    behind: StreamId,
    position: Position,
    after: Position,
    event_type: String,
    error: Option<(&'static str, String)>,
}

/// A stream as it is parked: by the UUID that its id is, or that stands for it.
pub(crate) fn filed(stream: &StreamId) -> StreamId {
    StreamId::new(stream.aggregate_type.clone(), stream.uuid())
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

    /// Behind which parked aggregate an event has to wait: that of its own stream, or that of its subject.
    pub fn behind(&self, event: &LogEvent, subject: impl FnOnce() -> Option<StreamId>) -> Option<StreamId> {
        if self.is_empty() {
            return None;
        }
        let own = filed(&event.recorded.stream);
        if self.streams.contains(&own) {
            return Some(own);
        }
        subject().map(|stream| filed(&stream)).filter(|stream| self.streams.contains(stream))
    }

    /// An aggregate is not parked any more.
    pub fn end(&mut self, stream: &StreamId) {
        self.streams.remove(stream);
    }

    /// An aggregate is parked from now on.
    pub fn begin(&mut self, stream: StreamId) {
        self.streams.insert(stream);
    }

    /// How many aggregates are parked.
    pub fn count(&self) -> usize {
        self.streams.len()
    }

    /// An event that cannot be applied parks its aggregate. `after`: where the event before it stands.
    pub fn park(&mut self, model: Model, event: &LogEvent, after: Position, poison: &Poison) {
        let stream = filed(&event.recorded.stream);
        report(model, event, poison);
        self.streams.insert(stream.clone());
        self.push(event, after, stream, Some((poison.class(), poison.to_string())));
    }

    /// An event waits behind one of `behind` that could not be applied.
    pub fn wait(&mut self, event: &LogEvent, after: Position, behind: StreamId) {
        self.push(event, after, behind, None);
    }

    fn push(
        &mut self,
        event: &LogEvent,
        after: Position,
        behind: StreamId,
        error: Option<(&'static str, String)>,
    ) {
        let event_type = event.recorded.event_type.clone();
        self.new.push(Parked { behind, position: event.position(), after, event_type, error });
    }

    /// Stores what this batch has parked.
    pub async fn write(&self, connection: &mut PgConnection, model: Model) -> Result<(), sqlx::Error> {
        if self.new.is_empty() {
            return Ok(());
        }
        let new = &self.new;
        sqlx::query(
            "insert into parked_events (projection, position, aggregate_type, aggregate_id, event_type, after_position,
                 error_class, reason)
             select $1, * from unnest($2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::bigint[], $7::text[],
                 $8::text[])",
        )
        .bind(model.as_str())
        .bind(new.iter().map(|p| p.position.0).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.behind.aggregate_type.to_string()).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.behind.uuid()).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.event_type.clone()).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.after.0).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.error.as_ref().map(|error| error.0)).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.error.as_ref().map(|error| error.1.clone())).collect::<Vec<_>>())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What this batch has parked is stored.
    pub fn stored(&mut self) {
        self.new.clear();
    }
}

pub(crate) fn report(model: Model, event: &LogEvent, poison: &Poison) {
    tracing::error!(
        projection = model.as_str(),
        position = event.position().0,
        stream = %event.recorded.stream,
        event_type = event.recorded.event_type,
        error = poison.class(),
        reason = %poison,
        "an event cannot be applied; its aggregate is parked"
    );
    metrics::counter!("projection_parked_total", "projection" => model.as_str()).increment(1);
}
