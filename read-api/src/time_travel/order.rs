//! Orders as they were, by all that concerns them.

use agrodeep_domain::{Aggregate, Order as OrderState};
use agrodeep_event_store::{Position, RecordedEvent};
use agrodeep_projections::{
    deliveries::{self, Delivery},
    orders::{self, Order},
};

use super::{Moment, Then, Thing, TimeTravelError};

/// An order as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderThen {
    /// The order with its items.
    pub order: Order,
    /// The delivery that was to bring it.
    pub delivery: Option<Delivery>,
}

/// The order at `moment`, by its whole history.
///
/// # Errors
/// [`TimeTravelError`].
pub fn order(history: &[RecordedEvent], moment: Moment) -> Result<Then<OrderThen>, TimeTravelError> {
    let own = || history.iter().filter(|event| is_order(event));
    let (events, settled): (Vec<&RecordedEvent>, bool) = match moment {
        Moment::Time(time) => (
            history.iter().filter(|event| event.metadata.occurred_at <= time).collect(),
            own().any(|event| event.metadata.occurred_at > time),
        ),
        Moment::Version(version) => {
            let latest = own().map(|event| event.version).max().unwrap_or(0);
            if version == 0 || version > latest {
                return Err(TimeTravelError::NoSuchVersion { thing: Thing::Order, latest });
            }
            let until =
                history.iter().take_while(|event| !(is_order(event) && event.version > version)).collect();
            (until, version < latest)
        }
    };
    let Some(order) = orders::replay(events.iter().copied())? else {
        let placed = own().next().ok_or(TimeTravelError::Damaged(Position::START))?;
        let since = placed.metadata.occurred_at;
        return Err(TimeTravelError::NotYet { thing: Thing::Order, since });
    };
    let delivery = match order.delivery {
        Some(planned) => deliveries::replay(events)?.remove(&planned.delivery_id),
        None => None,
    };
    Ok(Then { thing: OrderThen { order, delivery }, settled })
}

fn is_order(event: &RecordedEvent) -> bool {
    &*event.stream.aggregate_type == OrderState::TYPE
}
