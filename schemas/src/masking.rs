//! Hiding what of an event is personal from those who may not see it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::CatalogueEntry;

/// What stands where something was hidden.
const NOTHING: &str = "null";

/// Knows of every event what is personal, as the catalogue says it. Of what it does not know it shows nothing.
#[derive(Clone, Debug, Default)]
pub struct Masking {
    /// By kind of aggregate, name and version.
    events: HashMap<String, HashMap<String, HashMap<String, Mask>>>,
}

/// An event as somebody may see it who may not see what is personal.
#[derive(Debug)]
pub struct Masked {
    /// The event without what is personal; `None`: nothing was hidden.
    pub data: Option<Box<RawValue>>,
    /// Where something was hidden: JSON Pointers, `*` for every element. Empty string: all of it.
    pub hidden: Vec<String>,
}

/// What is hidden of a value.
#[derive(Clone, Debug, Default)]
struct Mask {
    /// All of it: under this pointer.
    whole: Option<String>,
    members: BTreeMap<String, Mask>,
    every: Option<Box<Mask>>,
}

impl Masking {
    /// Hides what these entries say is personal.
    pub fn of(entries: impl IntoIterator<Item = CatalogueEntry>) -> Self {
        let mut masking = Self::default();
        for CatalogueEntry { aggregate_type, event_name, version, personal } in entries {
            let versions = masking.events.entry(aggregate_type).or_default().entry(event_name).or_default();
            let mask = versions.entry(version).or_default();
            for pointer in personal {
                mask.hide(&pointer, &pointer);
            }
        }
        masking
    }

    /// What may be shown of `data`, which is what stands under the event's name.
    ///
    /// # Errors
    /// When `data` is no JSON.
    pub fn mask(
        &self,
        aggregate_type: &str,
        event_name: &str,
        version: &str,
        data: &RawValue,
    ) -> Result<Masked, serde_json::Error> {
        let known = self.events.get(aggregate_type).and_then(|events| events.get(event_name)?.get(version));
        let Some(mask) = known else {
            return Ok(Masked { data: Some(nothing()?), hidden: vec![String::new()] });
        };
        if mask.is_clear() {
            return Ok(Masked { data: None, hidden: vec![] });
        }
        let (mut text, mut hidden) = (String::with_capacity(data.get().len()), BTreeSet::new());
        mask.write(data, &mut text, &mut hidden)?;
        if hidden.is_empty() {
            return Ok(Masked { data: None, hidden: vec![] });
        }
        Ok(Masked {
            data: Some(RawValue::from_string(text)?),
            hidden: hidden.into_iter().map(str::to_owned).collect(),
        })
    }
}

fn nothing() -> Result<Box<RawValue>, serde_json::Error> {
    RawValue::from_string(NOTHING.to_owned())
}

impl Mask {
    fn hide(&mut self, rest: &str, pointer: &str) {
        let Some(steps) = rest.strip_prefix('/') else {
            self.whole = Some(pointer.to_owned());
            return;
        };
        let (step, _) = steps.split_once('/').unwrap_or((steps, ""));
        let after = &steps[step.len()..];
        if step == "*" {
            self.every.get_or_insert_default().hide(after, pointer);
        } else {
            let name = step.replace("~1", "/").replace("~0", "~");
            self.members.entry(name).or_default().hide(after, pointer);
        }
    }

    fn is_clear(&self) -> bool {
        self.whole.is_none() && self.members.is_empty() && self.every.is_none()
    }

    /// Writes what may be seen of `data`; all that stays does so byte for byte, but for the blanks between.
    fn write<'a>(
        &'a self,
        data: &RawValue,
        text: &mut String,
        hidden: &mut BTreeSet<&'a str>,
    ) -> Result<(), serde_json::Error> {
        let raw = data.get().trim_ascii_start();
        if let Some(pointer) = &self.whole {
            if raw != NOTHING {
                hidden.insert(pointer);
            }
            text.push_str(NOTHING);
            return Ok(());
        }
        match raw.as_bytes().first() {
            Some(b'{') if !self.is_clear() => {
                let Members(members) = serde_json::from_str(data.get())?;
                text.push('{');
                for (index, (name, value)) in members.into_iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    text.push_str(&serde_json::to_string(&name)?);
                    text.push(':');
                    match self.members.get(&*name).or(self.every.as_deref()) {
                        Some(mask) => mask.write(value, text, hidden)?,
                        None => text.push_str(value.get()),
                    }
                }
                text.push('}');
            }
            Some(b'[') if self.every.is_some() => {
                let elements: Vec<&RawValue> = serde_json::from_str(data.get())?;
                text.push('[');
                for (index, element) in elements.into_iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    match self.every.as_deref() {
                        Some(mask) => mask.write(element, text, hidden)?,
                        None => text.push_str(element.get()),
                    }
                }
                text.push(']');
            }
            _ => text.push_str(data.get()),
        }
        Ok(())
    }
}

/// The members of an object in their order, values untouched.
struct Members<'a>(Vec<(std::borrow::Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((name.into(), value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::*;
    use crate::{catalogue, check};

    fn masked(personal: &[&str], data: &str) -> (String, Vec<String>) {
        let masking = Masking::of([CatalogueEntry {
            aggregate_type: "order".to_owned(),
            event_name: "Told".to_owned(),
            version: "1".to_owned(),
            personal: personal.iter().map(|pointer| (*pointer).to_owned()).collect(),
        }]);
        let data = RawValue::from_string(data.to_owned()).unwrap();
        let masked = masking.mask("order", "Told", "1", &data).unwrap();
        (masked.data.unwrap_or(data).get().to_owned(), masked.hidden)
    }

    #[test]
    fn what_is_personal_is_hidden_and_all_else_stays_byte_for_byte() {
        let (data, hidden) = masked(
            &["/address", "/lines/*/notes", "/by~1day/*"],
            r#"{"total":{"amount":4.50},"address":{"street":"1 rue X"},"lines":[{"n":1.10,"notes":"ring \" twice"},{"notes":null}],"by/day":{"a":1},"é":"\u0041"}"#,
        );
        assert_eq!(
            data,
            r#"{"total":{"amount":4.50},"address":null,"lines":[{"n":1.10,"notes":null},{"notes":null}],"by/day":{"a":null},"é":"\u0041"}"#
        );
        assert_eq!(hidden, ["/address", "/by~1day/*", "/lines/*/notes"]);
    }

    #[test]
    fn where_nothing_personal_is_said_nothing_is_hidden() {
        for data in [r#"{"notes":null,"n":1}"#, r#"{ "n" : 1 }"#, "{}", "7"] {
            assert_eq!(masked(&["/notes"], data), (data.to_owned(), vec![]));
        }
    }

    #[test]
    fn of_an_event_that_is_not_known_nothing_is_shown() {
        let masking = Masking::of(catalogue());
        let data = RawValue::from_string("{\"street\":\"1 rue X\"}".to_owned()).unwrap();
        for (kind, name, version) in
            [("order", "OrderPlaced", "999"), ("order", "Renamed", "1"), ("person", "OrderPlaced", "1")]
        {
            let masked = masking.mask(kind, name, version, &data).unwrap();
            assert_eq!(masked.data.unwrap().get(), "null");
            assert_eq!(masked.hidden, [""]);
        }
    }

    #[test]
    fn of_a_golden_event_no_personal_text_is_left() {
        let masking = Masking::of(catalogue());
        let mut looked_at = 0;
        for CatalogueEntry { aggregate_type, event_name, version, personal } in catalogue() {
            let file = check::folder().join(format!("golden/{aggregate_type}/{event_name}.v{version}.json"));
            let golden: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            let data = &golden[&event_name];
            let raw = serde_json::value::to_raw_value(data).unwrap();
            let masked = masking.mask(&aggregate_type, &event_name, &version, &raw).unwrap();
            assert_eq!(masked.hidden, personal, "{event_name}: a golden event fills every personal field");
            let shown = masked.data.map_or_else(|| raw.get().to_owned(), |data| data.get().to_owned());
            for secret in personal.iter().flat_map(|pointer| texts(data, pointer)) {
                assert!(!shown.contains(&secret), "{event_name} still shows {secret}: {shown}");
                looked_at += 1;
            }
        }
        assert!(looked_at > 10, "only {looked_at} texts were looked for");
    }

    /// All that is written below a pointer, `*` standing for any element.
    fn texts(data: &Value, pointer: &str) -> Vec<String> {
        let mut places = vec![data];
        for step in pointer.split('/').skip(1) {
            places = places
                .into_iter()
                .flat_map(|place| match (step, place) {
                    ("*", Value::Array(elements)) => elements.iter().collect(),
                    ("*", Value::Object(members)) => members.values().collect(),
                    _ => place.get(step).into_iter().collect::<Vec<_>>(),
                })
                .collect();
        }
        places.into_iter().filter(|place| !place.is_null()).flat_map(leaves).collect()
    }

    fn leaves(value: &Value) -> Vec<String> {
        match value {
            Value::Object(members) => members.values().flat_map(leaves).collect(),
            Value::Array(elements) => elements.iter().flat_map(leaves).collect(),
            Value::String(text) if text.len() > 3 => vec![text.clone()],
            _ => vec![],
        }
    }
}
