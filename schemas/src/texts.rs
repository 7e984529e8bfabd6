//! Where a schema lets anybody write anything.

use serde_json::Value;

use crate::event_schema::resolve;

/// What makes a text more than free words: it is an id, an amount, a time, one of a few.
const NARROWER: &[&str] = &["format", "pattern", "enum", "const"];

/// JSON Pointers to every free text that is not marked as personal, `*` for every element; sorted, each once.
pub(crate) fn free_texts(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(document, document, "", &mut Vec::new(), &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect<'a>(
    schema: &'a Value,
    document: &'a Value,
    pointer: &str,
    within: &mut Vec<&'a str>,
    found: &mut Vec<String>,
) {
    if schema["x-personal-data"] == true {
        return;
    }
    if let Some(reference) = schema["$ref"].as_str()
        && !within.contains(&reference)
    {
        within.push(reference);
        collect(resolve(document, schema), document, pointer, within, found);
        within.pop();
    }
    let is_text = match &schema["type"] {
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    };
    if is_text && NARROWER.iter().all(|keyword| schema.get(keyword).is_none()) {
        found.push(pointer.to_owned());
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
    fn a_text_is_free_unless_it_is_personal_or_something_narrower() {
        let schema = json!({
            "properties": {
                "note": {"type": "string"},
                "title": {"type": ["string", "null"]},
                "name": {"x-personal-data": true, "allOf": [{"type": "string"}]},
                "id": {"type": "string", "pattern": "^ord_"},
                "at": {"type": "string", "format": "date-time"},
                "kind": {"type": "string", "enum": ["a"]},
                "count": {"type": "integer"},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            },
            "$defs": {"Line": {"properties": {"tags": {"items": {"type": "string"}}}}},
        });
        assert_eq!(free_texts(&schema), ["/lines/*/tags/*", "/note", "/title"]);
    }
}
