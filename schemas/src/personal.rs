//! Where a schema says that personal data stands.

use serde_json::Value;

use crate::event_schema::resolve;

/// The mark that `agrodeep_domain::Personal` leaves in a schema.
const MARK: &str = "x-personal-data";

/// JSON Pointers to everything that is marked, `*` for every element; sorted, each once.
pub(crate) fn fields(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(document, document, "", &mut Vec::new(), &mut found);
    found.sort();
    found.dedup();
    found
}

/// `within` holds the references that are being followed, so that a type that contains itself comes to an end.
fn collect<'a>(
    schema: &'a Value,
    document: &'a Value,
    pointer: &str,
    within: &mut Vec<&'a str>,
    found: &mut Vec<String>,
) {
    if schema[MARK] == true {
        // All that is inside is personal too.
        found.push(pointer.to_owned());
        return;
    }
    if let Some(reference) = schema["$ref"].as_str()
        && !within.contains(&reference)
    {
        within.push(reference);
        collect(resolve(document, schema), document, pointer, within, found);
        within.pop();
    }
    for combination in ["allOf", "anyOf", "oneOf"] {
        for part in schema[combination].as_array().into_iter().flatten() {
            collect(part, document, pointer, within, found);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let name = name.replace('~', "~0").replace('/', "~1");
        collect(property, document, &format!("{pointer}/{name}"), within, found);
    }
    for elements in ["items", "additionalProperties"].iter().filter_map(|keyword| schema.get(keyword)) {
        collect(elements, document, &format!("{pointer}/*"), within, found);
    }
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
