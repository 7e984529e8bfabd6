//! An order as it was: folded anew from its history, up to a moment.
//!
//! A version of an order is seen as it was at its end, just before the next one began: so the present version is what the
//! present view shows, and what happened to its stock and delivery meanwhile belongs to it.

mod delivery_then;
mod order_then;

use agrodeep_domain::{Aggregate, Delivery as DeliveryState, Order as OrderState, Product as ProductState};
use agrodeep_event_store::{Position, RecordedEvent};
use agrodeep_projections::{deliveries::Delivery, orders::Order};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use self::{delivery_then::DeliveriesThen, order_then::OrderThen};

/// A moment of an order's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When everything had happened that happened until then.
    Time(DateTime<Utc>),
    /// When it had this version, from 1.
    Version(u64),
}

/// An order as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Then {
    /// The order with its items.
    pub order: Order,
    /// The delivery that was to bring it.
    pub delivery: Option<Delivery>,
}

/// Why an order cannot be seen as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeTravelError {
    /// It had not been placed.
    #[error("the order was placed later, at {placed_at}")]
    NotYetPlaced {
        /// When it was placed.
        placed_at: DateTime<Utc>,
    },
    /// It has not come so far.
    #[error("the order's latest version is {latest}")]
    NoSuchVersion {
        /// How far it has come.
        latest: u64,
    },
    /// The history does not begin with an order, or holds what cannot be read.
    #[error("the event at position {0} cannot be read")]
    Damaged(Position),
}

/// The order at `moment`, by its whole history.
///
/// # Errors
/// [`TimeTravelError`].
pub fn then(history: &[RecordedEvent], moment: Moment) -> Result<Then, TimeTravelError> {
    let mut order = OrderThen::default();
    let mut deliveries = DeliveriesThen::default();
    for event in until(history, moment)? {
        match &*event.stream.aggregate_type {
            OrderState::TYPE => order.apply(event, &read(event)?),
            ProductState::TYPE => order.apply_stock(event, &read(event)?),
            DeliveryState::TYPE => deliveries.apply(event, &read(event)?),
            // The driver's track and the steps of the fulfilment change nothing that is shown of an order.
            _ => {}
        }
    }
    let Some(order) = order.seen() else {
        let placed =
            history.iter().find(|event| is_order(event)).ok_or(TimeTravelError::Damaged(Position::START))?;
        return Err(TimeTravelError::NotYetPlaced { placed_at: placed.metadata.occurred_at });
    };
    let delivery = order.delivery.and_then(|planned| deliveries.take(planned.delivery_id));
    Ok(Then { order, delivery })
}

/// The events that had happened.
fn until(
    history: &[RecordedEvent],
    moment: Moment,
) -> Result<Box<dyn Iterator<Item = &RecordedEvent> + '_>, TimeTravelError> {
    match moment {
        Moment::Time(time) => {
            Ok(Box::new(history.iter().filter(move |event| event.metadata.occurred_at <= time)))
        }
        Moment::Version(version) => {
            let latest = history.iter().filter(|event| is_order(event)).map(|event| event.version).max();
            let latest = latest.unwrap_or(0);
            if version == 0 || version > latest {
                return Err(TimeTravelError::NoSuchVersion { latest });
            }
            Ok(Box::new(
                history.iter().take_while(move |event| !(is_order(event) && event.version > version)),
            ))
        }
    }
}

fn is_order(event: &RecordedEvent) -> bool {
    &*event.stream.aggregate_type == OrderState::TYPE
}

fn read<E: DeserializeOwned>(event: &RecordedEvent) -> Result<E, TimeTravelError> {
    serde_json::from_str(event.payload.get()).map_err(|_| TimeTravelError::Damaged(event.position))
}
