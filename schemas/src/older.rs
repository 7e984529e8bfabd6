//! The schemas of older versions of events, as they were released: the log still holds such events.

use serde_json::Value;

use crate::{EventSchema, schema_id};

/// By kind of aggregate, name and version. A test finds what is missing here.
const OLDER: &[(&str, &str, &str, &str)] = &[
    ("delivery", "DeliveryScheduled", "1", include_str!("../events/delivery/DeliveryScheduled.v1.json")),
    (
        "order_fulfilment",
        "FactObserved",
        "1",
        include_str!("../events/order_fulfilment/FactObserved.v1.json"),
    ),
    (
        "order_fulfilment",
        "EffectsPlanned",
        "1",
        include_str!("../events/order_fulfilment/EffectsPlanned.v1.json"),
    ),
    (
        "order_fulfilment",
        "CompensationsPlanned",
        "1",
        include_str!("../events/order_fulfilment/CompensationsPlanned.v1.json"),
    ),
    ("order_fulfilment", "EffectsDone", "1", include_str!("../events/order_fulfilment/EffectsDone.v1.json")),
    (
        "order_fulfilment",
        "EffectRefused",
        "1",
        include_str!("../events/order_fulfilment/EffectRefused.v1.json"),
    ),
    (
        "order_fulfilment",
        "EffectFailed",
        "1",
        include_str!("../events/order_fulfilment/EffectFailed.v1.json"),
    ),
    (
        "order_fulfilment",
        "EffectParked",
        "1",
        include_str!("../events/order_fulfilment/EffectParked.v1.json"),
    ),
    (
        "order_fulfilment",
        "RetryOrdered",
        "1",
        include_str!("../events/order_fulfilment/RetryOrdered.v1.json"),
    ),
    ("order_fulfilment", "StepSkipped", "1", include_str!("../events/order_fulfilment/StepSkipped.v1.json")),
];

/// The schemas of the older versions of an event.
///
/// # Panics
/// When a committed schema is no JSON: a fault in the repository, found by the tests that compare the schemas.
pub(crate) fn versions_before(newest: &EventSchema) -> Vec<EventSchema> {
    let of_this = |entry: &&(&str, &str, &str, &str)| {
        (entry.0, entry.1) == (newest.aggregate_type.as_str(), newest.event_name.as_str())
    };
    let schemas =
        OLDER.iter().filter(of_this).map(|(aggregate_type, event_name, version, text)| EventSchema {
            aggregate_type: (*aggregate_type).to_owned(),
            event_name: (*event_name).to_owned(),
            version: (*version).to_owned(),
            schema: serde_json::from_str::<Value>(text).unwrap_or_else(|error| {
                panic!("{}: {error}", schema_id(aggregate_type, event_name, version))
            }),
        });
    schemas.collect()
}
