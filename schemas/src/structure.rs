//! Whether a value has the structure that a schema describes: as much of JSON Schema as our own schemas use.

use serde_json::Value;

use crate::event_schema::resolve;

/// What says something about a value without asking anything of it, and what is checked elsewhere: texts with a
/// `pattern` or `format` are read by the types they stand for.
const NOT_CHECKED: &[&str] = &[
    "$defs",
    "$id",
    "$schema",
    "default",
    "description",
    "format",
    "maxLength",
    "minLength",
    "pattern",
    "title",
    "x-personal-data",
];

/// Where `value` is not as `schema` describes it, each as `pointer: why`. Empty: it is.
///
/// Stricter than a validator: a member that the schema does not name is a mismatch, and so is a keyword in the schema
/// that this check does not know.
pub fn mismatches(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, pointer: &str, found: &mut Vec<String>) {
    let mut wrong =
        |why: String| found.push(format!("{}: {why}", if pointer.is_empty() { "/" } else { pointer }));
    let members = match schema {
        Value::Bool(true) => return,
        Value::Object(members) => members,
        other => return wrong(format!("{other} is no schema")),
    };
    for (keyword, asked) in members {
        match keyword.as_str() {
            "type" if !has_type(asked, value) => wrong(format!("must be {asked}")),
            "const" if asked != value => wrong(format!("must be {asked}")),
            "enum" if !list(asked).contains(value) => wrong(format!("must be one of {asked}")),
            "minimum" if less(value, asked) => wrong(format!("must be at least {asked}")),
            "maximum" if less(asked, value) => wrong(format!("must be at most {asked}")),
            "required" if value.is_object() => {
                for name in
                    list(asked).iter().filter_map(Value::as_str).filter(|name| value.get(name).is_none())
                {
                    wrong(format!("`{name}` is missing"));
                }
            }
            "anyOf" | "oneOf" => {
                let fits = list(asked).iter().filter(|part| {
                    let mut found = Vec::new();
                    check(document, part, value, pointer, &mut found);
                    found.is_empty()
                });
                match fits.count() {
                    0 => wrong(format!("fits none of `{keyword}`")),
                    1 => {}
                    _ if keyword == "anyOf" => {}
                    _ => wrong("fits more than one of `oneOf`".to_owned()),
                }
            }
            "$ref"
            | "additionalProperties"
            | "allOf"
            | "const"
            | "enum"
            | "items"
            | "maximum"
            | "minimum"
            | "properties"
            | "required"
            | "type" => {}
            other if NOT_CHECKED.contains(&other) => {}
            other => wrong(format!("the schema asks for `{other}`, which is not known here")),
        }
    }
    if members.contains_key("$ref") {
        check(document, resolve(document, schema), value, pointer, found);
    }
    for part in list(&schema["allOf"]) {
        check(document, part, value, pointer, found);
    }
    for (index, element) in list(value).iter().enumerate() {
        if let Some(items) = members.get("items") {
            check(document, items, element, &format!("{pointer}/{index}"), found);
        }
    }
    if schema["type"] == "object" {
        for (name, member) in value.as_object().into_iter().flatten() {
            let pointer = format!("{pointer}/{name}");
            match (schema["properties"].get(name), members.get("additionalProperties")) {
                (Some(property), _) => check(document, property, member, &pointer, found),
                (None, Some(Value::Bool(false)) | None) => {
                    found.push(format!("{pointer}: is not in the schema"));
                }
                (None, Some(any_other)) => check(document, any_other, member, &pointer, found),
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether both are numbers and `a` is less than `b`.
fn less(a: &Value, b: &Value) -> bool {
    a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a < b)
}

fn has_type(asked: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    };
    if asked.is_array() { list(asked).iter().any(is) } else { is(asked) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["id", "lines"],
            "properties": {
                "id": {"type": "string", "pattern": "^x"},
                "count": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                "role": {"oneOf": [{"type": "string", "enum": ["buyer"]}, {"type": "string", "const": "admin"}]},
                "name": {"anyOf": [{"allOf": [{"type": "string"}], "x-personal-data": true}, {"type": "null"}]},
                "texts": {"type": "object", "additionalProperties": {"type": "string"}},
                "closed": {"type": "object", "additionalProperties": false},
                "any": true,
            },
            "$defs": {"Line": {"type": "object", "required": ["sum"], "properties": {"sum": {"type": "number"}}}},
        })
    }

    #[test]
    fn a_value_of_that_structure_has_no_mismatch() {
        let value = json!({
            "id": "x1", "count": 3, "lines": [{"sum": 1.5}, {"sum": 2}], "role": "admin", "name": "Marie",
            "texts": {"fr": "oui"}, "closed": {}, "any": [1, "two"],
        });
        assert_eq!(mismatches(&schema(), &value), [""; 0]);
        assert_eq!(
            mismatches(&schema(), &json!({"id": "x1", "lines": [], "count": null, "name": null})),
            [""; 0]
        );
    }

    #[test]
    fn every_mismatch_says_where_and_why() {
        for (value, expected) in [
            (json!([]), "/: must be \"object\""),
            (json!({"lines": []}), "/: `id` is missing"),
            (json!({"id": 1, "lines": []}), "/id: must be \"string\""),
            (json!({"id": "x", "lines": {}}), "/lines: must be \"array\""),
            (json!({"id": "x", "lines": [{"sum": 1}, {}]}), "/lines/1: `sum` is missing"),
            (json!({"id": "x", "lines": [{"sum": "1"}]}), "/lines/0/sum: must be \"number\""),
            (json!({"id": "x", "lines": [], "count": 1.5}), "/count: must be [\"integer\",\"null\"]"),
            (json!({"id": "x", "lines": [], "count": -1}), "/count: must be at least 0"),
            (json!({"id": "x", "lines": [], "count": 10}), "/count: must be at most 9"),
            (json!({"id": "x", "lines": [], "role": "king"}), "/role: fits none of `oneOf`"),
            (json!({"id": "x", "lines": [], "name": 7}), "/name: fits none of `anyOf`"),
            (json!({"id": "x", "lines": [], "texts": {"fr": 1}}), "/texts/fr: must be \"string\""),
            (json!({"id": "x", "lines": [], "closed": {"a": 1}}), "/closed/a: is not in the schema"),
            (json!({"id": "x", "lines": [], "other": 1}), "/other: is not in the schema"),
        ] {
            assert_eq!(mismatches(&schema(), &value), [expected], "{value}");
        }
    }

    #[test]
    fn a_schema_that_asks_for_more_than_is_known_here_is_a_mismatch() {
        let unknown = json!({"type": "string", "contentEncoding": "base64"});
        assert_eq!(
            mismatches(&unknown, &json!("text")),
            ["/: the schema asks for `contentEncoding`, which is not known here"]
        );
        assert_eq!(
            mismatches(&json!({"oneOf": [true, true]}), &json!(1)),
            ["/: fits more than one of `oneOf`"]
        );
        assert_eq!(mismatches(&json!(7), &json!(1)), ["/: 7 is no schema"]);
        assert_eq!(mismatches(&json!({"type": "text"}), &json!("text")), ["/: must be \"text\""]);
    }
}
