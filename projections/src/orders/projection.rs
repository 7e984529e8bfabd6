use std::collections::HashSet;

use agrodeep_domain::{
    Aggregate as _, Order as Aggregate, OrderId, Product as ProductAggregate, ProductId, order::OrderEvent,
};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use sqlx::PgConnection;

use super::{
    Order,
    fold::{self, StockStep, stock_of},
    store,
};
use crate::{
    Model, ReadError,
    cache::{Dirt, Rows},
    fact::{Fact, LogEvent, Poison},
    projection::Projection,
};

/// How many orders are kept at hand between batches.
const KEPT_MAX: usize = 8192;

pub(crate) struct OrdersProjection {
    orders: Rows<OrderId, Order>,
    /// The orders of which lines have changed in this batch.
    moved: HashSet<OrderId>,
}

impl Default for OrdersProjection {
    fn default() -> Self {
        Self { orders: Rows::new(KEPT_MAX), moved: HashSet::new() }
    }
}

/// What an event means to orders.
enum Meaning<'e> {
    Own(OrderId, &'e OrderEvent),
    Stock(OrderId, ProductId, StockStep),
    Nothing,
}

fn meaning(event: &LogEvent) -> Result<Meaning<'_>, Poison> {
    let id = event.recorded.stream.uuid();
    Ok(match event.fact()? {
        Fact::Order(fact) => Meaning::Own(OrderId::from_uuid(id), fact),
        Fact::Product(fact) => match stock_of(fact) {
            Some((order_id, step)) => Meaning::Stock(order_id, ProductId::from_uuid(id), step),
            None => Meaning::Nothing,
        },
        Fact::Account(_) | Fact::Delivery(_) | Fact::Track(_) | Fact::Fulfilment(_) => Meaning::Nothing,
    })
}

#[async_trait]
impl Projection for OrdersProjection {
    const MODEL: Model = Model::Orders;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["orders", "order_items", "order_producers"];

    fn wants(event: &RecordedEvent) -> bool {
        match &*event.stream.aggregate_type {
            Aggregate::TYPE => true,
            ProductAggregate::TYPE => super::may_concern_an_order(&event.event_type),
            _ => false,
        }
    }

    fn subject(event: &LogEvent) -> Option<StreamId> {
        match meaning(event) {
            Ok(Meaning::Stock(order_id, ..)) => Some(StreamId::new(Aggregate::TYPE, order_id.uuid())),
            _ => None,
        }
    }

    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        let mut placed = HashSet::new();
        let mut missing = HashSet::new();
        for event in events {
            let order_id = match meaning(event) {
                Ok(Meaning::Own(order_id, OrderEvent::OrderPlaced(_))) => {
                    placed.insert(order_id);
                    continue;
                }
                Ok(Meaning::Own(order_id, _) | Meaning::Stock(order_id, ..)) => order_id,
                Ok(Meaning::Nothing) | Err(_) => continue,
            };
            if !self.orders.contains(&order_id) && !placed.contains(&order_id) {
                missing.insert(order_id);
            }
        }
        for order in store::load(connection, missing).await? {
            self.orders.loaded(order.order_id, order);
        }
        Ok(())
    }

    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        match meaning(event)? {
            Meaning::Own(order_id, fact) => {
                event.follows(self.orders.get(&order_id).map_or(0, |order| order.version))?;
                if let OrderEvent::OrderPlaced(placed) = fact {
                    self.orders.create(order_id, fold::placed(placed, &event.recorded));
                    return Ok(());
                }
                // What is agreed on once stands with what was ordered.
                let dirt = match fact {
                    OrderEvent::DeliveryAgreed(_) => Dirt::Whole,
                    _ => Dirt::Progress,
                };
                let order = self.orders.change(&order_id, dirt).ok_or(Poison::Missing)?;
                if order.apply(fact, &event.recorded) {
                    self.moved.insert(order_id);
                }
            }
            Meaning::Stock(order_id, product_id, step) => {
                // Stock that is held for what is no order changes no order.
                if let Some(order) = self.orders.change(&order_id, Dirt::Progress)
                    && order.apply_stock(product_id, step, &event.recorded)
                {
                    self.moved.insert(order_id);
                }
            }
            Meaning::Nothing => {}
        }
        Ok(())
    }

    async fn leave_out(connection: &mut PgConnection, event: &LogEvent) -> Result<(), sqlx::Error> {
        if event.aggregate_type() != Aggregate::TYPE {
            return Ok(());
        }
        sqlx::query("update orders set version = $2 where order_id = $1 and version = $2 - 1")
            .bind(event.recorded.stream.uuid())
            .bind(event.recorded.version as i64)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let new = self.orders.changed(Dirt::Whole);
        let known = self.orders.changed(Dirt::Progress);
        let moved: Vec<&Order> =
            known.iter().copied().filter(|order| self.moved.contains(&order.order_id)).collect();
        store::write_new(connection, &new).await?;
        store::write_new_items(connection, &new).await?;
        store::write_producers(connection, &new).await?;
        store::write_progress(connection, &known).await?;
        store::write_item_status(connection, &moved).await
    }

    fn stored(&mut self) {
        self.orders.stored();
        self.moved.clear();
    }

    fn forget(&mut self) {
        self.orders.forget();
        self.moved.clear();
    }
}
