//! Why a person has decided something, in their words.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a person has decided something: 1 to 500 characters, kept for good, and read by others. Nothing personal belongs in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(String);

/// The most characters that a reason has.
pub const REASON_CHARS_MAX: usize = 500;

/// What is wrong with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// It says nothing.
    #[error("must say why")]
    Empty,
    /// It is too long to be read.
    #[error("must have at most {REASON_CHARS_MAX} characters")]
    TooLong,
    /// It has characters that no text has.
    #[error("must be text in one line")]
    Control,
}

impl Reason {
    /// The reason as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, ReasonError> {
        let text = text.trim();
        if text.is_empty() {
            Err(ReasonError::Empty)
        } else if text.chars().count() > REASON_CHARS_MAX {
            Err(ReasonError::TooLong)
        } else if text.chars().any(char::is_control) {
            Err(ReasonError::Control)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Reason {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Reason".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": REASON_CHARS_MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short_text_in_one_line() {
        assert_eq!(
            "  the provider was down ".parse::<Reason>().map(|r| r.to_string()),
            Ok("the provider was down".into())
        );
        assert!("é".repeat(500).parse::<Reason>().is_ok());
        for (bad, error) in [
            ("", ReasonError::Empty),
            (" \n ", ReasonError::Empty),
            ("one\ntwo", ReasonError::Control),
            ("a\u{0}b", ReasonError::Control),
        ] {
            assert_eq!(bad.parse::<Reason>(), Err(error), "{bad:?}");
        }
        assert_eq!("x".repeat(501).parse::<Reason>(), Err(ReasonError::TooLong));
        assert_eq!("x".repeat(10_000).parse::<Reason>(), Err(ReasonError::TooLong));
    }
}
