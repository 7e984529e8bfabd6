//! The `Idempotency-Key` header
//! ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)).

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, request::Parts},
};

use crate::problem::{FieldError, Problem};

/// In: makes a request recognisable when it comes again.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Out: the answer is that of an earlier request.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The key that a client gave its request, if any: 1 to 255 visible ASCII characters, with or without quotes around them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// The key, where the route cannot do without.
    ///
    /// # Errors
    /// 400 `idempotency_key_required`.
    pub fn require(self) -> Result<String, Problem> {
        self.0.ok_or_else(|| {
            Problem::bad_request("idempotency_key_required", "this route needs an Idempotency-Key header")
                .with_errors(vec![FieldError::header("Idempotency-Key", "is missing")])
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => parse(value).map(|key| Self(Some(key))),
            (Some(_), Some(_)) => Err(malformed()),
        }
    }
}

fn parse(value: &HeaderValue) -> Result<String, Problem> {
    let text = value.to_str().map_err(|_| malformed())?;
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed());
    }
    Ok(key.to_owned())
}

fn malformed() -> Problem {
    let detail = "must be one key of 1 to 255 visible ASCII characters";
    Problem::bad_request("invalid_header", format!("Idempotency-Key {detail}"))
        .with_errors(vec![FieldError::header("Idempotency-Key", detail)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_may_be_quoted_or_not() {
        assert_eq!(parse(&HeaderValue::from_static("\"k-1\"")), Ok("k-1".into()));
        assert_eq!(parse(&HeaderValue::from_static("k-1")), Ok("k-1".into()));
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for text in ["", "\"\"", "a b", &"k".repeat(256)] {
            assert_eq!(parse(&HeaderValue::from_str(text).unwrap()).unwrap_err().status, 400, "{text}");
        }
        assert!(parse(&HeaderValue::from_bytes(b"caf\xe9").unwrap()).is_err());
    }
}
