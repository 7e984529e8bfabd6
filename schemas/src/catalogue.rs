//! Every event that the domain knows.

use agrodeep_domain::{
    Account, Aggregate, Delivery, DeliveryTrack, DomainEvent, Order, OrderFulfilment, Product,
    order_fulfilment::FulfilmentSteps,
};
use schemars::JsonSchema;

use crate::{EventSchema, event_schemas, older::versions_before};

/// One event in one version of its form, and what of it is personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The kind of stream, for example `order`.
    pub aggregate_type: String,
    /// The event's name, for example `OrderPlaced`.
    pub event_name: String,
    /// The version of its form, for example `1`.
    pub version: String,
    /// Where personal data stands: JSON Pointers from the event's own object, with `*` for every element of an array or
    /// map, for example `/lines/*/notes`. Sorted.
    pub personal: Vec<String>,
}

impl CatalogueEntry {
    /// The entries of every event of `E` in every version, for aggregates that live outside the domain.
    pub fn of<E: DomainEvent + JsonSchema>(aggregate_type: &str) -> Vec<Self> {
        let newest = event_schemas::<E>(aggregate_type).into_iter();
        let every = newest.flat_map(|newest| [versions_before(&newest), vec![newest]].concat());
        every.map(Self::from).collect()
    }
}

impl From<EventSchema> for CatalogueEntry {
    fn from(schema: EventSchema) -> Self {
        let personal = schema.personal_fields();
        Self {
            aggregate_type: schema.aggregate_type,
            event_name: schema.event_name,
            version: schema.version,
            personal,
        }
    }
}

/// Every event of every aggregate of the domain, in every version that the log may have. Made anew at each call: keep it.
pub fn catalogue() -> Vec<CatalogueEntry> {
    fn of<A: Aggregate<Event: JsonSchema>>() -> Vec<CatalogueEntry> {
        CatalogueEntry::of::<A::Event>(A::TYPE)
    }
    [
        of::<Order>(),
        of::<Product>(),
        of::<Delivery>(),
        of::<DeliveryTrack>(),
        of::<Account>(),
        of::<OrderFulfilment>(),
        of::<FulfilmentSteps>(),
    ]
    .concat()
}
