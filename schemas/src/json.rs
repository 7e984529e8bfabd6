//! JSON as it is committed: indented, members sorted by name, a line break at the end.

use serde_json::Value;

/// The text of `value`. Sorted here, as `serde_json` sorts or not by a feature that any crate of a build may turn on.
pub(crate) fn pretty(value: &Value) -> String {
    let mut text = format!("{:#}", sorted(value));
    text.push('\n');
    text
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            members.into_iter().map(|(name, member)| (name.clone(), sorted(member))).collect()
        }
        Value::Array(elements) => elements.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_at_every_depth_and_elements_keep_their_order() {
        let value: Value = serde_json::from_str(r#"{"b":[2,{"z":1,"a":0},1],"a":null}"#).unwrap();
        let expected = "{\n  \"a\": null,\n  \"b\": [\n    2,\n    {\n      \"a\": 0,\n      \"z\": 1\n    },\n    1\n  ]\n}\n";
        assert_eq!(pretty(&value), expected);
    }
}
