//! The JSON Schema of each event, from the type of the event enum.

use std::collections::BTreeSet;

use agrodeep_domain::DomainEvent;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

use crate::{personal, texts};

/// The JSON Schema (draft 2020-12) of one event in one version of its form.
///
/// It describes what stands under the event's name: of `{"OrderShipped": {"delivery_id": …}}`, as the log has it, the
/// inner object, which is also what goes out as a CloudEvent's `data`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSchema {
    /// The kind of stream, for example `order`.
    pub aggregate_type: String,
    /// The event's name, for example `OrderPlaced`.
    pub event_name: String,
    /// The version of its form, for example `1`.
    pub version: String,
    /// The schema itself.
    pub schema: Value,
}

impl EventSchema {
    /// The name of its file: `OrderPlaced.v1.json`.
    pub fn file_name(&self) -> String {
        format!("{}.v{}.json", self.event_name, self.version)
    }

    /// Where personal data stands in the event: JSON Pointers (RFC 6901) from the event's own object, with `*` for every
    /// element of an array or map. Sorted.
    pub fn personal_fields(&self) -> Vec<String> {
        personal::fields(&self.schema)
    }

    /// Where the event has free text that is not marked as personal: JSON Pointers as of [`Self::personal_fields`].
    pub fn free_texts(&self) -> Vec<String> {
        texts::free_texts(&self.schema)
    }
}

/// The address under which a schema is known: `$id`, and `dataschema` of CloudEvents.
pub fn schema_id(aggregate_type: &str, event_name: &str, version: &str) -> String {
    format!("https://api.agrodeep.com/schemas/{aggregate_type}/{event_name}/{version}")
}

/// The schema of every event of `E`, in the order in which they are declared.
///
/// `E` is an enum as `agrodeep_domain::events!` declares it: each variant wraps the struct of the same name.
///
/// # Panics
/// When `E` is not such an enum: a fault in the code, found by the tests that compare the schemas.
pub fn event_schemas<E: DomainEvent + JsonSchema>(aggregate_type: &str) -> Vec<EventSchema> {
    // As they are written, not as they may be read: a reader can rely on what is always there.
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let whole = generator.into_root_schema_for::<E>().to_value();
    E::FORMS
        .iter()
        .map(|(event_name, version)| {
            let schema = of_variant(&whole, event_name)
                .unwrap_or_else(|| panic!("{aggregate_type}: no schema for {event_name}"));
            EventSchema {
                aggregate_type: aggregate_type.to_owned(),
                event_name: (*event_name).to_owned(),
                version: (*version).to_owned(),
                schema: stand_alone(
                    schema,
                    &whole,
                    &schema_id(aggregate_type, event_name, version),
                    event_name,
                ),
            }
        })
        .collect()
}

/// The schema that the enum's schema has for what `variant` wraps.
fn of_variant<'a>(whole: &'a Value, variant: &str) -> Option<&'a Map<String, Value>> {
    let wrapped = whole["oneOf"].as_array()?.iter().find_map(|form| form["properties"].get(variant))?;
    resolve(whole, wrapped).as_object()
}

/// What a `$ref` within one document points to; anything else as it is.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    schema["$ref"]
        .as_str()
        .and_then(|reference| document.pointer(reference.strip_prefix('#')?))
        .unwrap_or(schema)
}

/// The schema of one event as a document of its own, with those definitions that it needs.
fn stand_alone(schema: &Map<String, Value>, whole: &Value, id: &str, title: &str) -> Value {
    let mut document = schema.clone();
    document.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    document.insert("$id".to_owned(), id.into());
    document.insert("title".to_owned(), title.into());
    let mut needed = BTreeSet::new();
    collect_definitions(&Value::Object(schema.clone()), whole, &mut needed);
    if !needed.is_empty() {
        let definitions: Map<_, _> =
            needed.into_iter().map(|name| (name.clone(), whole["$defs"][&name].clone())).collect();
        document.insert("$defs".to_owned(), definitions.into());
    }
    Value::Object(document)
}

fn collect_definitions(schema: &Value, whole: &Value, needed: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(name) =
                schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"))
                && needed.insert(name.to_owned())
            {
                collect_definitions(&whole["$defs"][name], whole, needed);
            }
            for member in members.values() {
                collect_definitions(member, whole, needed);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect_definitions(element, whole, needed);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use agrodeep_domain::order::OrderEvent;

    use super::*;

    fn schema_of(name: &str) -> EventSchema {
        event_schemas::<OrderEvent>("order").into_iter().find(|schema| schema.event_name == name).unwrap()
    }

    #[test]
    fn every_event_has_a_schema_under_its_own_address() {
        let schemas = event_schemas::<OrderEvent>("order");
        let names: Vec<_> = schemas.iter().map(|schema| schema.event_name.as_str()).collect();
        assert_eq!(names, OrderEvent::NAMES);
        for schema in schemas {
            let expected = format!("https://api.agrodeep.com/schemas/order/{}/1", schema.event_name);
            assert_eq!(schema.schema["$id"], expected);
            assert_eq!(schema.schema["type"], "object");
            assert_eq!(schema.file_name(), format!("{}.v1.json", schema.event_name));
        }
    }

    #[test]
    fn a_schema_stands_alone_and_carries_nothing_needless() {
        let shipped = schema_of("OrderShipped");
        assert_eq!(shipped.schema.get("$defs"), None);
        let placed = schema_of("OrderPlaced");
        let definitions: Vec<_> = placed.schema["$defs"].as_object().unwrap().keys().collect();
        assert!(
            definitions.contains(&&"OrderLine".to_owned())
                && !definitions.contains(&&"CancelReason".to_owned())
        );
        let text = placed.schema.to_string();
        for reference in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let found = placed.schema.pointer(reference.strip_prefix('#').unwrap());
            assert!(found.is_some(), "{reference} points nowhere");
        }
    }

    #[test]
    fn what_is_always_written_is_required() {
        let required = |name: &str| schema_of(name).schema["required"].clone();
        assert_eq!(required("OrderShipped"), serde_json::json!(["delivery_id"]));
        assert_eq!(required("OrderCancelled"), serde_json::json!(["reason"]));
    }
}
