use std::collections::HashSet;

use agrodeep_domain::{
    Aggregate as _, Delivery as Aggregate, DeliveryId, DeliveryTrack,
    delivery::DeliveryEvent,
    delivery_track::{DeliveryTrackEvent, PositionsReported},
};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use sqlx::PgConnection;

use super::{Delivery, fold, store};
use crate::{
    Model, ReadError,
    cache::{Dirt, Rows},
    fact::{Fact, LogEvent, Poison},
    projection::Projection,
};

/// How many deliveries are kept at hand between batches.
const KEPT_MAX: usize = 8192;

pub(crate) struct DeliveriesProjection {
    deliveries: Rows<DeliveryId, Delivery>,
}

impl Default for DeliveriesProjection {
    fn default() -> Self {
        Self { deliveries: Rows::new(KEPT_MAX) }
    }
}

/// What an event means to deliveries.
enum Meaning<'e> {
    Own(DeliveryId, &'e DeliveryEvent),
    Track(&'e PositionsReported),
    Nothing,
}

fn meaning(event: &LogEvent) -> Result<Meaning<'_>, Poison> {
    Ok(match event.fact()? {
        Fact::Delivery(fact) => Meaning::Own(DeliveryId::from_uuid(event.recorded.stream.uuid()), fact),
        Fact::Track(DeliveryTrackEvent::PositionsReported(report)) => Meaning::Track(report),
        Fact::Account(_) | Fact::Product(_) | Fact::Order(_) | Fact::Fulfilment(_) => Meaning::Nothing,
    })
}

#[async_trait]
impl Projection for DeliveriesProjection {
    const MODEL: Model = Model::Deliveries;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["deliveries"];

    fn wants(event: &RecordedEvent) -> bool {
        matches!(&*event.stream.aggregate_type, Aggregate::TYPE | DeliveryTrack::TYPE)
    }

    fn subject(event: &LogEvent) -> Option<StreamId> {
        match meaning(event) {
            Ok(Meaning::Track(report)) => Some(StreamId::new(Aggregate::TYPE, report.delivery_id.uuid())),
            _ => None,
        }
    }

    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        let mut scheduled = HashSet::new();
        let mut missing = HashSet::new();
        for event in events {
            let id = match meaning(event) {
                Ok(Meaning::Own(id, DeliveryEvent::DeliveryScheduled(_))) => {
                    scheduled.insert(id);
                    continue;
                }
                Ok(Meaning::Own(id, _)) => id,
                Ok(Meaning::Track(report)) => report.delivery_id,
                Ok(Meaning::Nothing) | Err(_) => continue,
            };
            if !self.deliveries.contains(&id) && !scheduled.contains(&id) {
                missing.insert(id);
            }
        }
        for delivery in store::load(connection, missing).await? {
            self.deliveries.loaded(delivery.delivery_id, delivery);
        }
        Ok(())
    }

    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        match meaning(event)? {
            Meaning::Own(id, fact) => {
                event.follows(self.deliveries.get(&id).map_or(0, |delivery| delivery.version))?;
                if let DeliveryEvent::DeliveryScheduled(scheduled) = fact {
                    self.deliveries.create(id, fold::scheduled(scheduled, &event.recorded));
                    return Ok(());
                }
                let delivery = self.deliveries.change(&id, Dirt::Progress).ok_or(Poison::Missing)?;
                delivery.apply(fact, &event.recorded);
            }
            Meaning::Track(report) => {
                let delivery =
                    self.deliveries.change(&report.delivery_id, Dirt::Progress).ok_or(Poison::Missing)?;
                delivery.apply_track(report);
            }
            Meaning::Nothing => {}
        }
        Ok(())
    }

    async fn leave_out(connection: &mut PgConnection, event: &LogEvent) -> Result<(), sqlx::Error> {
        if event.aggregate_type() != Aggregate::TYPE {
            return Ok(());
        }
        sqlx::query("update deliveries set version = $2 where delivery_id = $1 and version = $2 - 1")
            .bind(event.recorded.stream.uuid())
            .bind(event.recorded.version as i64)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        store::write_new(connection, &self.deliveries.changed(Dirt::Whole)).await?;
        store::write_progress(connection, &self.deliveries.changed(Dirt::Progress)).await
    }

    fn stored(&mut self) {
        self.deliveries.stored();
    }

    fn forget(&mut self) {
        self.deliveries.forget();
    }
}
