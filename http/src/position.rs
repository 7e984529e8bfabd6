//! Positions of the log in headers, so that a client can read what it has written. To clients they are opaque.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, request::Parts},
};

use crate::{
    prefer,
    problem::{FieldError, Problem},
};

/// Out: where the command's events stand.
pub const POSITION: HeaderName = HeaderName::from_static("agrodeep-position");

/// In: how far the answer must have come.
pub const MIN_POSITION: HeaderName = HeaderName::from_static("agrodeep-min-position");

/// The header that tells a position.
pub fn position_header(position: i64) -> (HeaderName, HeaderValue) {
    (POSITION, HeaderValue::from(position))
}

/// How far the answer must have come, if the client says so, and how long it would wait for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinPosition {
    /// Up to here.
    pub position: Option<i64>,
    /// For so long at the most, if the client says so.
    pub wait: Option<Duration>,
}

impl<S: Send + Sync> FromRequestParts<S> for MinPosition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(MIN_POSITION).iter();
        let position = match (values.next(), values.next()) {
            (None, _) => return Ok(Self::default()),
            (Some(value), None) => parse(value)?,
            (Some(_), Some(_)) => return Err(malformed()),
        };
        let wait = prefer::wait(&parts.headers);
        if let Some(wait) = wait {
            prefer::heed(parts, wait);
        }
        Ok(Self { position: Some(position), wait })
    }
}

fn parse(value: &HeaderValue) -> Result<i64, Problem> {
    let text = value.to_str().map_err(|_| malformed())?;
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    text.parse().map_err(|_| malformed())
}

fn malformed() -> Problem {
    let detail = "must be a token as it came in Agrodeep-Position";
    Problem::bad_request("invalid_header", format!("Agrodeep-Min-Position {detail}"))
        .with_errors(vec![FieldError::header("Agrodeep-Min-Position", detail)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_given_and_nothing_else_is() {
        assert_eq!(parse(&position_header(42).1), Ok(42));
        for text in ["-1", "+1", "x", "", "1.0", "99999999999999999999"] {
            assert_eq!(parse(&HeaderValue::from_str(text).unwrap()).unwrap_err().status, 400, "{text}");
        }
    }
}
