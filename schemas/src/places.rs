//! The places in a document that its schema describes.

use serde_json::Value;

use crate::event_schema::resolve;

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is what is looked for.
    Found,
    /// It may contain what is looked for.
    Within,
    /// Neither.
    Beyond,
}

/// JSON Pointers to every place that `look` finds, `*` for every element; sorted, each once.
pub(crate) fn places(document: &Value, look: impl Fn(&Value) -> Look) -> Vec<String> {
    let mut search = Search { document, look, following: Vec::new(), found: Vec::new() };
    search.visit(document, "");
    search.found.sort();
    search.found.dedup();
    search.found
}

struct Search<'a, L> {
    document: &'a Value,
    look: L,
    /// The references that are being followed, so that a type that contains itself comes to an end.
    following: Vec<&'a str>,
    found: Vec<String>,
}

impl<'a, L: Fn(&Value) -> Look> Search<'a, L> {
    fn visit(&mut self, schema: &'a Value, pointer: &str) {
        match (self.look)(schema) {
            Look::Found => return self.found.push(pointer.to_owned()),
            Look::Beyond => return,
            Look::Within => {}
        }
        if let Some(reference) = schema["$ref"].as_str()
            && !self.following.contains(&reference)
        {
            self.following.push(reference);
            self.visit(resolve(self.document, schema), pointer);
            self.following.pop();
        }
        for combination in ["allOf", "anyOf", "oneOf"] {
            for part in schema[combination].as_array().into_iter().flatten() {
                self.visit(part, pointer);
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let name = name.replace('~', "~0").replace('/', "~1");
            self.visit(property, &format!("{pointer}/{name}"));
        }
        for elements in ["items", "additionalProperties"].iter().filter_map(|keyword| schema.get(keyword)) {
            self.visit(elements, &format!("{pointer}/*"));
        }
    }
}
