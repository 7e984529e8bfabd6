use std::collections::{HashMap, HashSet};

use agrodeep_domain::{
    Aggregate as _, Delivery, DeliveryId, DeliveryTrack, Order, OrderId, Product, delivery::DeliveryEvent,
    delivery_track::DeliveryTrackEvent,
};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use lru::LruCache;
use sqlx::PgConnection;

use super::store;
use crate::{
    Model, ReadError,
    fact::{Fact, LogEvent, Poison},
    orders::stock_of,
    projection::Projection,
};

/// The stream type of the process manager that conducts an order; its streams have the order's id.
const FULFILMENT: &str = "order_fulfilment";
/// How many deliveries are remembered between batches.
const KEPT_MAX: usize = 65_536;

pub(crate) struct OrderHistoryProjection {
    /// Whose order a delivery brings.
    deliveries: LruCache<DeliveryId, OrderId>,
    /// Deliveries that were scheduled in this batch.
    scheduled: Vec<(DeliveryId, OrderId)>,
    /// What this batch adds.
    entries: Vec<(OrderId, RecordedEvent)>,
}

impl Default for OrderHistoryProjection {
    fn default() -> Self {
        Self { deliveries: LruCache::unbounded(), scheduled: Vec::new(), entries: Vec::new() }
    }
}

/// Which order an event concerns, and how that is known.
enum Concerns {
    Order(OrderId),
    /// The order that a delivery brings.
    OrderOf(DeliveryId),
    /// The order that a new delivery brings.
    Scheduled(DeliveryId, OrderId),
    Nobody,
}

/// An order's own events and those of its fulfilment need not even be readable: they belong to it by their stream.
fn concerns(event: &LogEvent) -> Result<Concerns, Poison> {
    let id = event.recorded.stream.uuid();
    if matches!(event.aggregate_type(), Order::TYPE | FULFILMENT) {
        return Ok(Concerns::Order(OrderId::from_uuid(id)));
    }
    if event.aggregate_type() == Delivery::TYPE && event.recorded.event_type != "DeliveryScheduled" {
        return Ok(Concerns::OrderOf(DeliveryId::from_uuid(id)));
    }
    Ok(match event.fact()? {
        Fact::Product(fact) => stock_of(fact).map_or(Concerns::Nobody, |(order, _)| Concerns::Order(order)),
        Fact::Delivery(DeliveryEvent::DeliveryScheduled(fact)) => {
            Concerns::Scheduled(DeliveryId::from_uuid(id), fact.order_id)
        }
        Fact::Track(DeliveryTrackEvent::PositionsReported(fact)) => Concerns::OrderOf(fact.delivery_id),
        Fact::Delivery(_) | Fact::Order(_) | Fact::Account(_) | Fact::Fulfilment(_) => Concerns::Nobody,
    })
}

#[async_trait]
impl Projection for OrderHistoryProjection {
    const MODEL: Model = Model::OrderHistory;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["order_history", "order_history_deliveries"];

    fn wants(event: &RecordedEvent) -> bool {
        match &*event.stream.aggregate_type {
            Order::TYPE | FULFILMENT | Delivery::TYPE | DeliveryTrack::TYPE => true,
            Product::TYPE => crate::orders::may_concern_an_order(&event.event_type),
            _ => false,
        }
    }

    fn subject(event: &LogEvent) -> Option<StreamId> {
        match concerns(event) {
            Ok(Concerns::OrderOf(delivery_id)) => Some(StreamId::new(Delivery::TYPE, delivery_id.uuid())),
            _ => None,
        }
    }

    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        let unknown: HashSet<DeliveryId> = events
            .iter()
            .filter_map(|event| match concerns(event) {
                Ok(Concerns::OrderOf(delivery_id)) => Some(delivery_id),
                _ => None,
            })
            .filter(|delivery_id| !self.deliveries.contains(delivery_id))
            .collect();
        for (delivery_id, order_id) in store::orders_of(connection, unknown).await? {
            self.deliveries.put(delivery_id, order_id);
        }
        Ok(())
    }

    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        let order_id = match concerns(event)? {
            Concerns::Order(order_id) => order_id,
            Concerns::OrderOf(delivery_id) => *self.deliveries.get(&delivery_id).ok_or(Poison::Missing)?,
            Concerns::Scheduled(delivery_id, order_id) => {
                self.deliveries.put(delivery_id, order_id);
                self.scheduled.push((delivery_id, order_id));
                order_id
            }
            Concerns::Nobody => return Ok(()),
        };
        self.entries.push((order_id, event.recorded.clone()));
        Ok(())
    }

    /// Entries do not follow on each other.
    async fn leave_out(_: &mut PgConnection, _: &LogEvent) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let scheduled: HashMap<_, _> = self.scheduled.iter().copied().collect();
        store::write_deliveries(connection, &scheduled.into_iter().collect::<Vec<_>>()).await?;
        store::write_entries(connection, &self.entries).await
    }

    fn stored(&mut self) {
        self.scheduled.clear();
        self.entries.clear();
        while self.deliveries.len() > KEPT_MAX {
            self.deliveries.pop_lru();
        }
    }

    fn forget(&mut self) {
        self.deliveries.clear();
        self.scheduled.clear();
        self.entries.clear();
    }
}
