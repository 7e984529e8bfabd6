//! What differs between two JSON documents: how the first becomes the second, as in a JSON Patch
//! ([RFC 6902](https://www.rfc-editor.org/rfc/rfc6902)), and what was there before.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One difference.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Change {
    /// What happens: `add`, `remove` or `replace`.
    #[schema(value_type = String, example = "replace")]
    pub op: Op,
    /// Where: a JSON Pointer (RFC 6901).
    #[schema(example = "/items/0/status")]
    pub path: String,
    /// What was there; absent for `add`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub from: Option<Box<RawValue>>,
    /// What is there then; absent for `remove`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub to: Option<Box<RawValue>>,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// It was not there.
    Add,
    /// It is not there any more.
    Remove,
    /// It is another.
    Replace,
}

/// All differences, in the order of their paths. Numbers are compared as they are written: `4.50` is not `4.5`. Elements of
/// arrays are compared place by place.
///
/// # Errors
/// When one of them is no JSON.
pub fn between(from: &impl Serialize, to: &impl Serialize) -> Result<Vec<Change>, serde_json::Error> {
    let (from, to) = (serde_json::value::to_raw_value(from)?, serde_json::value::to_raw_value(to)?);
    let mut changes = Vec::new();
    compare(&from, &to, String::new(), &mut changes)?;
    Ok(changes)
}

fn compare(
    from: &RawValue,
    to: &RawValue,
    path: String,
    changes: &mut Vec<Change>,
) -> Result<(), serde_json::Error> {
    if from.get() == to.get() {
        return Ok(());
    }
    match (first(from), first(to)) {
        (Some('{'), Some('{')) => {
            let (from, to): (Members<'_>, Members<'_>) =
                (serde_json::from_str(from.get())?, serde_json::from_str(to.get())?);
            let names: std::collections::BTreeSet<&String> = from.keys().chain(to.keys()).collect();
            for name in names {
                let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                pair(from.get(name).copied(), to.get(name).copied(), path, changes)?;
            }
        }
        (Some('['), Some('[')) => {
            let (from, to): (Vec<&RawValue>, Vec<&RawValue>) =
                (serde_json::from_str(from.get())?, serde_json::from_str(to.get())?);
            for index in 0..from.len().min(to.len()) {
                pair(Some(from[index]), Some(to[index]), format!("{path}/{index}"), changes)?;
            }
            for (index, added) in to.iter().enumerate().skip(from.len()) {
                pair(None, Some(added), format!("{path}/{index}"), changes)?;
            }
            // From the end, so that each can be removed at the place that it says.
            for (index, removed) in from.iter().enumerate().skip(to.len()).rev() {
                pair(Some(removed), None, format!("{path}/{index}"), changes)?;
            }
        }
        _ => changes.push(change(Op::Replace, path, Some(from), Some(to))),
    }
    Ok(())
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

fn pair(
    from: Option<&RawValue>,
    to: Option<&RawValue>,
    path: String,
    changes: &mut Vec<Change>,
) -> Result<(), serde_json::Error> {
    match (from, to) {
        (Some(from), Some(to)) => return compare(from, to, path, changes),
        (None, Some(_)) => changes.push(change(Op::Add, path, None, to)),
        (Some(_), None) => changes.push(change(Op::Remove, path, from, None)),
        (None, None) => {}
    }
    Ok(())
}

fn change(op: Op, path: String, from: Option<&RawValue>, to: Option<&RawValue>) -> Change {
    Change { op, path, from: from.map(ToOwned::to_owned), to: to.map(ToOwned::to_owned) }
}

fn first(value: &RawValue) -> Option<char> {
    value.get().trim_start().chars().next()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn changes(from: Value, to: Value) -> Value {
        serde_json::to_value(between(&from, &to).unwrap()).unwrap()
    }

    #[test]
    fn equal_documents_do_not_differ() {
        for value in [json!(null), json!({"a": [1, {"b": "c"}]}), json!([])] {
            assert_eq!(changes(value.clone(), value), json!([]));
        }
    }

    #[test]
    fn every_difference_says_where_what_was_and_what_is() {
        assert_eq!(
            changes(
                json!({"same": 1, "status": "pending", "gone": {"x": 1}, "items": [{"n": 1}, {"n": 2}]}),
                json!({"same": 1, "status": "confirmed", "new": null, "items": [{"n": 1}, {"n": 3}, {"n": 4}]})
            ),
            json!([
                {"op": "remove", "path": "/gone", "from": {"x": 1}},
                {"op": "replace", "path": "/items/1/n", "from": 2, "to": 3},
                {"op": "add", "path": "/items/2", "to": {"n": 4}},
                {"op": "add", "path": "/new", "to": null},
                {"op": "replace", "path": "/status", "from": "pending", "to": "confirmed"},
            ])
        );
    }

    #[test]
    fn what_is_removed_from_an_array_is_removed_from_its_end() {
        assert_eq!(
            changes(json!([1, 2, 3]), json!([1])),
            json!([{"op": "remove", "path": "/2", "from": 3}, {"op": "remove", "path": "/1", "from": 2}])
        );
    }

    #[test]
    fn another_kind_of_value_replaces_the_whole() {
        assert_eq!(
            changes(json!({"a": {"b": 1}}), json!({"a": null})),
            json!([{"op": "replace", "path": "/a", "from": {"b": 1}, "to": null}])
        );
        assert_eq!(
            changes(json!([]), json!({})),
            json!([{"op": "replace", "path": "", "from": [], "to": {}}])
        );
    }

    #[test]
    fn a_pointer_escapes_names_and_numbers_stay_as_they_are_written() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let found = between(&raw(r#"{"a/b~c": 4.50}"#), &raw(r#"{"a/b~c": 4.5}"#)).unwrap();
        assert_eq!(
            serde_json::to_string(&found).unwrap(),
            r#"[{"op":"replace","path":"/a~1b~0c","from":4.50,"to":4.5}]"#
        );
    }
}
