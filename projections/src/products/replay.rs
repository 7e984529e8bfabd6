//! A product folded from its stream, by the same fold that keeps the read model.

use agrodeep_domain::product::ProductEvent;
use agrodeep_event_store::RecordedEvent;

use super::{Product, fold};
use crate::{
    error::Unreadable,
    fact::{Fact, LogEvent},
};

/// `so_far` and then these `events` of its stream, in order. A long stream can be folded part by part. `None`: it has not
/// been offered by then.
///
/// # Errors
/// [`Unreadable`] names the event that cannot be read.
pub fn replay<'e>(
    so_far: Option<Product>,
    events: impl IntoIterator<Item = &'e RecordedEvent>,
) -> Result<Option<Product>, Unreadable> {
    let mut product = so_far;
    for event in events {
        let event = LogEvent::new(event.clone());
        let Fact::Product(fact) = event.fact().map_err(|_| Unreadable(event.position()))? else { continue };
        match (fact, &mut product) {
            (ProductEvent::ProductCreated(created), _) => {
                product = Some(fold::created(created, &event.recorded));
            }
            (fact, Some(product)) => product.apply(fact, &event.recorded),
            (_, None) => {}
        }
    }
    Ok(product)
}
