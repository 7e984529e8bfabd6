//! Where a schema says that personal data stands.

use serde_json::Value;

use crate::places::{Look, places};

/// The mark that `agrodeep_domain::Personal` leaves in a schema.
const MARK: &str = "x-personal-data";

/// JSON Pointers to everything that is marked, `*` for every element; sorted, each once.
pub(crate) fn fields(document: &Value) -> Vec<String> {
    // All that is inside is personal too.
    places(document, |schema| if is_personal(schema) { Look::Found } else { Look::Within })
}

pub(crate) fn is_personal(schema: &Value) -> bool {
    schema[MARK] == true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_are_found_however_deep_they_stand() {
        let schema = json!({
            "properties": {
                "plain": {"type": "string"},
                "name": {"x-personal-data": true, "allOf": [{"type": "string"}]},
                "note": {"anyOf": [{"x-personal-data": true}, {"type": "null"}]},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                "by~day/hour": {"additionalProperties": {"x-personal-data": true}},
            },
            "$defs": {"Line": {"properties": {"wish": {"x-personal-data": true}, "sum": {}}}},
        });
        assert_eq!(fields(&schema), ["/by~0day~1hour/*", "/lines/*/wish", "/name", "/note"]);
    }

    #[test]
    fn what_is_inside_personal_data_is_not_named_again() {
        let schema = json!({"properties": {
            "address": {"x-personal-data": true, "properties": {"street": {"x-personal-data": true}}},
        }});
        assert_eq!(fields(&schema), ["/address"]);
    }

    #[test]
    fn a_type_that_contains_itself_comes_to_an_end() {
        let schema = json!({
            "$ref": "#/$defs/Tree",
            "$defs": {"Tree": {"properties": {
                "owner": {"x-personal-data": true},
                "branches": {"items": {"$ref": "#/$defs/Tree"}},
            }}},
        });
        assert_eq!(fields(&schema), ["/owner"]);
    }
}
