//! An event as others outside know it: CloudEvents 1.0, as JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::schema_id;

/// The media type of one event.
pub const CLOUD_EVENT: &str = "application/cloudevents+json";

/// The media type of an array of events.
pub const CLOUD_EVENTS: &str = "application/cloudevents-batch+json";

/// One event in the structured mode of CloudEvents 1.0.
///
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>
#[derive(Debug, Serialize)]
pub struct CloudEvent<'a> {
    /// Always `1.0`.
    pub specversion: &'static str,
    /// The event's id. With `source` it names the event among all.
    pub id: String,
    /// Whose events: of which kind of aggregate.
    pub source: String,
    /// `com.agrodeep.<aggregate>.<event>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which aggregate.
    pub subject: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    pub datacontenttype: &'static str,
    /// The form of `data`.
    pub dataschema: String,
    /// The W3C trace context of the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<&'a str>,
    /// Where in the log; a text, as a CloudEvent's numbers have 32 bits.
    pub position: String,
    /// When the log took it.
    pub recordedtime: DateTime<Utc>,
    /// The same for all that follows from one request.
    pub correlationid: String,
    /// What caused it.
    pub causationid: String,
    /// Who did it.
    pub actor: &'a str,
    /// Where something of `data` was hidden, JSON Pointers with blanks between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked: Option<String>,
    /// What happened.
    pub data: &'a RawValue,
}

impl CloudEvent<'_> {
    /// The version of CloudEvents.
    pub const SPEC_VERSION: &'static str = "1.0";

    /// What `data` is written in.
    pub const DATA_CONTENT_TYPE: &'static str = "application/json";
}

/// The type of an event: `com.agrodeep.order.placed` of an order's `OrderPlaced`, `com.agrodeep.order.payment_captured` of
/// its `PaymentCaptured`.
pub fn cloud_event_type(aggregate_type: &str, event_name: &str) -> String {
    let name = snake_case(event_name);
    let own = name.strip_prefix(aggregate_type).and_then(|rest| rest.strip_prefix('_'));
    format!("com.agrodeep.{aggregate_type}.{}", own.unwrap_or(&name))
}

/// The source of a kind of aggregate's events.
pub fn cloud_event_source(aggregate_type: &str) -> String {
    format!("https://api.agrodeep.com/streams/{aggregate_type}")
}

/// The address of the form of an event's data.
pub fn cloud_event_schema(aggregate_type: &str, event_name: &str, version: &str) -> String {
    schema_id(aggregate_type, event_name, version)
}

fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue;

    #[test]
    fn a_type_says_the_aggregate_once() {
        for (kind, name, expected) in [
            ("order", "OrderPlaced", "com.agrodeep.order.placed"),
            ("order", "PaymentCaptured", "com.agrodeep.order.payment_captured"),
            ("product", "StockHeld", "com.agrodeep.product.stock_held"),
            ("delivery_track", "PositionsReported", "com.agrodeep.delivery_track.positions_reported"),
            ("order", "Order", "com.agrodeep.order.order"),
        ] {
            assert_eq!(cloud_event_type(kind, name), expected);
        }
    }

    #[test]
    fn no_two_events_have_one_type() {
        let entries = catalogue();
        let events: BTreeSet<_> =
            entries.iter().map(|entry| (&entry.aggregate_type, &entry.event_name)).collect();
        let types: BTreeSet<_> = events.iter().map(|(kind, name)| cloud_event_type(kind, name)).collect();
        assert_eq!(types.len(), events.len());
    }
}
