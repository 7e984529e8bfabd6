//! What was released stays: the structure of every version of every event's form, as a list of hashes.
//!
//! `frozen/<aggregate type>.sha256` has a line for each: the SHA-256 of the schema without its words for people, and the file.
//! Lines are added, never changed.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{EventSchema, json};

/// What a schema says to people only.
const FOR_PEOPLE: &[&str] = &["description", "examples", "$comment"];

/// Where names stand, each with a schema.
const OF_NAMES: &[&str] = &["properties", "$defs"];

/// The list of one kind of aggregate: hashes by file name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frozen(BTreeMap<String, String>);

impl Frozen {
    /// Where the list is, within the folder of contracts.
    pub fn path(aggregate_type: &str) -> PathBuf {
        Path::new("frozen").join(format!("{aggregate_type}.sha256"))
    }

    /// The list as it is committed; empty when there is none.
    pub fn read(folder: &Path, aggregate_type: &str) -> Self {
        let text = fs::read_to_string(folder.join(Self::path(aggregate_type))).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        Self(lines.map(|(hash, file)| (file.to_owned(), hash.to_owned())).collect())
    }

    /// Adds older versions that are not in it yet.
    pub fn adopt(&mut self, older: &[EventSchema]) {
        for schema in older {
            self.0.entry(schema.file_name()).or_insert_with(|| structure_hash(&schema.schema));
        }
    }

    /// Adds what is not in it yet; says what is in it otherwise.
    pub fn take_in(&mut self, schemas: &[EventSchema]) -> Vec<String> {
        let mut faults = Vec::new();
        for schema in schemas {
            let hash = structure_hash(&schema.schema);
            let frozen = self.0.entry(schema.file_name()).or_insert_with(|| hash.clone());
            if *frozen != hash {
                faults.push(format!(
                    "{} in version {} is frozen, but the code makes another form of it: give it the next version and an \
                     upcaster (docs/adding-an-event-version.md)",
                    schema.event_name, schema.version
                ));
            }
        }
        faults
    }

    /// What of the committed schemas in `place` is not as it was frozen.
    pub fn broken(&self, place: &Path) -> Vec<String> {
        let mut faults = Vec::new();
        for (file, frozen) in &self.0 {
            let schema = fs::read_to_string(place.join(file)).ok();
            match schema.and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
                None => faults.push(format!(
                    "{}: the log holds such events, but it is gone",
                    place.join(file).display()
                )),
                Some(schema) if structure_hash(&schema) != *frozen => {
                    faults.push(format!("{}: it is frozen, but was changed", place.join(file).display()));
                }
                Some(_) => {}
            }
        }
        faults
    }

    /// As it is committed.
    pub fn text(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, (file, hash)| {
            let _ = writeln!(text, "{hash}  {file}");
            text
        })
    }
}

fn structure_hash(schema: &Value) -> String {
    let digest = Sha256::digest(json::pretty(&structure(schema)));
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A schema without its words for people: these may be put better at any time.
fn structure(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !FOR_PEOPLE.contains(&name.as_str()));
            let kept = kept.map(|(name, member)| match member {
                Value::Object(named) if OF_NAMES.contains(&name.as_str()) => (name.clone(), each(named)),
                member => (name.clone(), structure(member)),
            });
            Value::Object(kept.collect())
        }
        Value::Array(elements) => elements.iter().map(structure).collect(),
        other => other.clone(),
    }
}

fn each(named: &Map<String, Value>) -> Value {
    Value::Object(named.iter().map(|(name, schema)| (name.clone(), structure(schema))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(form: Value) -> EventSchema {
        EventSchema {
            aggregate_type: "book".to_owned(),
            event_name: "BookLent".to_owned(),
            version: "1".to_owned(),
            schema: form,
        }
    }

    fn lent() -> Value {
        json!({"type": "object", "description": "Lent.", "properties": {
            "description": {"type": "string", "description": "What it is about."},
            "to": {"oneOf": [{"const": "a", "description": "Anna."}]},
        }, "required": ["to"]})
    }

    #[test]
    fn a_form_that_has_changed_is_named_with_what_to_do() {
        let mut frozen = Frozen::default();
        assert_eq!(frozen.take_in(&[schema(lent())]), [""; 0]);
        let as_committed = frozen.text();
        let changes: [fn(&mut Value); 5] = [
            |form| form["required"] = json!([]),
            |form| form["properties"]["to"]["oneOf"][0]["const"] = json!("b"),
            |form| form["properties"]["notes"] = json!({"type": "string"}),
            |form| form["properties"]["description"]["x-personal-data"] = json!(true),
            // A member of this name, not words for people.
            |form| {
                form["properties"].as_object_mut().map(|members| members.remove("description"));
            },
        ];
        for change in changes {
            let mut form = lent();
            change(&mut form);
            let faults = frozen.take_in(&[schema(form)]);
            assert_eq!(faults.len(), 1);
            assert!(faults[0].contains("BookLent in version 1 is frozen"), "{faults:?}");
            assert!(faults[0].contains("docs/adding-an-event-version.md"), "{faults:?}");
        }
        assert_eq!(frozen.text(), as_committed, "a line is never changed");
    }

    #[test]
    fn words_for_people_may_change() {
        let mut frozen = Frozen::default();
        frozen.take_in(&[schema(lent())]);
        let mut form = lent();
        form["description"] = json!("Somebody took it home.");
        form["properties"]["description"]["description"] = json!("Other words.");
        form["properties"]["to"]["oneOf"][0]["description"] = json!("Anne.");
        assert_eq!(frozen.take_in(&[schema(form)]), [""; 0]);
    }

    #[test]
    fn a_committed_schema_that_was_changed_or_removed_is_found() {
        let folder = std::env::temp_dir().join(format!("agrodeep-frozen-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let mut frozen = Frozen::default();
        frozen.take_in(&[schema(lent())]);
        let file = folder.join("BookLent.v1.json");
        assert!(frozen.broken(&folder)[0].contains("it is gone"));
        fs::write(&file, json::pretty(&lent())).expect("a file");
        assert_eq!(frozen.broken(&folder), [""; 0]);
        fs::write(&file, json::pretty(&json!({"type": "object"}))).expect("a file");
        assert!(frozen.broken(&folder)[0].contains("it is frozen, but was changed"));
        fs::remove_dir_all(&folder).expect("removed");
    }
}
