//! Versions of resources: `ETag` out, `If-Match` in ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponseParts, ResponseParts},
};

use crate::problem::{FieldError, Problem};

/// The version of the aggregate behind a resource, as a strong entity tag: `"4"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag(pub u64);

impl ETag {
    /// The header.
    pub fn header(self) -> (HeaderName, HeaderValue) {
        let text = format!("\"{}\"", self.0);
        (header::ETAG, HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("\"0\"")))
    }
}

impl IntoResponseParts for ETag {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        let (name, value) = self.header();
        parts.headers_mut().insert(name, value);
        Ok(parts)
    }
}

/// The version that the client has seen, if it says so. `*` says only that the resource must exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => parse(value),
            (Some(_), Some(_)) => Err(malformed()),
        }
    }
}

fn parse(value: &HeaderValue) -> Result<IfMatch, Problem> {
    let text = value.to_str().map_err(|_| malformed())?.trim();
    if text == "*" {
        return Ok(IfMatch(None));
    }
    let weak = text.strip_prefix("W/");
    let tag = weak
        .unwrap_or(text)
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|tag| !tag.contains('"'))
        .ok_or_else(malformed)?;
    match tag.parse() {
        // The comparison is strong: a weak tag never matches, nor does one that we never gave.
        Ok(version) if weak.is_none() && tag == format!("{version}") => Ok(IfMatch(Some(version))),
        _ => Ok(IfMatch(Some(u64::MAX))),
    }
}

fn malformed() -> Problem {
    let detail = "must be one entity tag as it came in ETag, for example \"4\"";
    Problem::bad_request("invalid_header", format!("If-Match {detail}"))
        .with_errors(vec![FieldError::header("If-Match", detail)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_tag_is_read_as_it_was_given() {
        let (_, value) = ETag(4).header();
        assert_eq!(value, "\"4\"");
        assert_eq!(parse(&value), Ok(IfMatch(Some(4))));
        assert_eq!(parse(&HeaderValue::from_static("*")), Ok(IfMatch(None)));
    }

    #[test]
    fn a_tag_that_was_never_given_matches_nothing() {
        for text in ["W/\"4\"", "\"abc\"", "\"04\"", "\"+4\""] {
            assert_eq!(parse(&HeaderValue::from_str(text).unwrap()), Ok(IfMatch(Some(u64::MAX))), "{text}");
        }
    }

    #[test]
    fn a_malformed_tag_is_refused() {
        for text in ["4", "\"4", "\"4\", \"5\"", ""] {
            assert_eq!(parse(&HeaderValue::from_str(text).unwrap()).unwrap_err().status, 400, "{text}");
        }
    }
}
