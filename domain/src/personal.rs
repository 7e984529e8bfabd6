//! The mark of personal data.

use std::{fmt, ops::Deref};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value that says something about a person. Marked in its type, so that it can be found wherever it goes: it never
/// shows itself in a log line (`Debug` hides it), and JSON Schemas carry `"x-personal-data": true`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: for those who may see it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself, given away.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Personal<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<T: JsonSchema> JsonSchema for Personal<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Personal_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = schemars::json_schema!({ "allOf": [generator.subschema_for::<T>()] });
        schema.insert("x-personal-data".to_owned(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_personal_value_never_shows_itself() {
        assert_eq!(format!("{:?}", Personal::new("Marie".to_owned())), "[personal]");
        assert_eq!(format!("{:?}", Some(Personal::new(7))), "Some([personal])");
    }

    #[test]
    fn who_may_see_it_sees_it() {
        let name: Personal<String> = "Marie".to_owned().into();
        assert_eq!(name.reveal(), "Marie");
        assert_eq!(name.len(), 5);
        assert_eq!(name.into_inner(), "Marie");
    }

    #[test]
    fn it_is_written_as_the_value_itself() {
        let name = Personal::new("Marie".to_owned());
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"Marie\"");
        assert_eq!(serde_json::from_str::<Personal<String>>("\"Marie\"").unwrap(), name);
    }

    #[test]
    fn its_schema_says_that_it_is_personal() {
        let schema = schemars::schema_for!(Personal<String>);
        assert_eq!(schema.get("x-personal-data"), Some(&true.into()));
        assert_eq!(Personal::<String>::schema_name(), "Personal_string");
    }
}
