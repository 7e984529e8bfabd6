//! An order as it once was: the same fold, over the part of its history that had happened by then.

use agrodeep_domain::{Aggregate as _, Order as Aggregate, OrderId, ProductId, order::OrderEvent};
use agrodeep_event_store::{Position, RecordedEvent};
use chrono::{DateTime, Utc};

use super::{Order, fold};
use crate::{
    ReadError, ReadModels,
    fact::{Fact, LogEvent},
};

/// Which moment of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// After the event that made it this version.
    Version(u64),
    /// After everything that had happened by this time, itself included.
    Time(DateTime<Utc>),
}

impl ReadModels {
    /// An order as it was `at` some moment; `None` when there was none.
    ///
    /// Read from the order's history: wait for [`crate::Model::OrderHistory`] to read one's own writes.
    pub async fn order_at(&self, order_id: OrderId, at: At) -> Result<Option<Order>, ReadError> {
        let history = self.order_history(order_id, Position::START, usize::MAX).await?;
        Ok(order_at(history.into_iter().map(|entry| entry.event), at))
    }
}

/// Folds a history, in the order of the log, as far as `at`.
pub(crate) fn order_at(history: impl IntoIterator<Item = RecordedEvent>, at: At) -> Option<Order> {
    let mut order: Option<Order> = None;
    for event in history {
        let own = &*event.stream.aggregate_type == Aggregate::TYPE;
        match at {
            // The next version ends this one. What happened to its stock meanwhile belongs to neither.
            At::Version(version) if order.as_ref().map_or(0, |order| order.version) >= version => break,
            At::Time(time) if event.metadata.occurred_at > time => continue,
            _ => {}
        }
        let event = LogEvent::new(event);
        // What cannot be read changes nothing here: the live read model has parked the order and says so.
        match (event.fact(), own) {
            (Ok(Fact::Order(OrderEvent::OrderPlaced(placed))), true) => {
                order = Some(fold::placed(placed, &event.recorded));
            }
            (Ok(Fact::Order(fact)), true) => {
                if let Some(order) = &mut order {
                    order.apply(fact, &event.recorded);
                }
            }
            (Ok(Fact::Product(fact)), false) => {
                if let (Some(order), Some((_, step))) = (&mut order, fold::stock_of(fact)) {
                    let product_id = ProductId::from_uuid(event.recorded.stream.aggregate_id);
                    order.apply_stock(product_id, step, &event.recorded);
                }
            }
            _ => {}
        }
    }
    match at {
        At::Version(version) => order.filter(|order| order.version == version),
        At::Time(_) => order,
    }
}
