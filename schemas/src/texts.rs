//! Where a schema lets anybody write anything.

use serde_json::Value;

use crate::{
    personal::is_personal,
    places::{Look, places},
};

/// What makes a text more than free words: it is an id, an amount, a time, one of a few.
const NARROWER: &[&str] = &["format", "pattern", "enum", "const"];

/// JSON Pointers to every free text that is not marked as personal, `*` for every element; sorted, each once.
pub(crate) fn free_texts(document: &Value) -> Vec<String> {
    places(document, |schema| {
        if is_personal(schema) {
            Look::Beyond
        } else if is_text(schema) && NARROWER.iter().all(|keyword| schema.get(keyword).is_none()) {
            Look::Found
        } else {
            Look::Within
        }
    })
}

fn is_text(schema: &Value) -> bool {
    match &schema["type"] {
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
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
