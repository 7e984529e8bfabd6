//! Bodies in JSON, strictly: every byte that a client sent is understood, or the answer says which is not.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_path_to_error::{Path, Segment};
use utoipa::ToSchema;

use crate::{
    invalid::escape,
    json_scan,
    json_struct::ObjectsOnly,
    problem::{FieldError, Problem},
};

/// How long a client may take to send a body.
const BODY_SECONDS_MAX: u64 = 30;

/// A JSON body. `T` must have `#[serde(deny_unknown_fields)]` wherever it has fields.
///
/// Refuses: another content type (415), a body beyond the route's limit (413; set it with
/// `axum::extract::DefaultBodyLimit`), what is not well-formed (400 `malformed_json`), and what `T` does not have (422
/// `invalid_input`), each time naming the field by its JSON pointer.
#[derive(Clone, Debug)]
pub struct StrictJson<T> {
    /// What was sent.
    pub value: T,
    /// The bytes it was sent as.
    pub raw: Bytes,
}

/// A JSON body that may be left out altogether.
#[derive(Clone, Debug)]
pub struct OptionalJson<T> {
    /// What was sent; the default when there is no body.
    pub value: T,
    /// The bytes it was sent as.
    pub raw: Bytes,
}

/// The body of a command that has nothing to say: none at all, or `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = has_json_type(request.headers());
        let raw = read_body(request, state).await?;
        if !is_json {
            return Err(unsupported_media_type());
        }
        Ok(Self { value: parse(&raw)?, raw })
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = has_json_type(request.headers());
        let raw = read_body(request, state).await?;
        if raw.is_empty() {
            return Ok(Self { value: T::default(), raw });
        }
        if !is_json {
            return Err(unsupported_media_type());
        }
        Ok(Self { value: parse(&raw)?, raw })
    }
}

/// Reads the body as it is, within the route's limit.
///
/// # Errors
/// 413 `body_too_large`, 408 `body_too_slow`, 400 `body_incomplete`.
pub async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let read =
        tokio::time::timeout(Duration::from_secs(BODY_SECONDS_MAX), Bytes::from_request(request, state));
    match read.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(BytesRejection::FailedToBufferBody(rejection)))
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE =>
        {
            Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "the body is larger than this route takes",
            ))
        }
        Ok(Err(_)) => Err(Problem::bad_request("body_incomplete", "the body did not arrive whole")),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            format!("the body did not arrive within {BODY_SECONDS_MAX} seconds"),
        )),
    }
}

/// Parses a JSON text strictly.
///
/// # Errors
/// 400 `malformed_json`, 422 `invalid_input`, naming the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    json_scan::scan(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(ObjectsOnly(&mut deserializer)).map_err(|error| {
        let mut pointer = pointer(error.path());
        let detail = without_place(&error.into_inner().to_string());
        if let Some(field) = missing_field(&detail) {
            pointer = format!("{pointer}/{}", escape(field));
            return Problem::invalid_input(vec![FieldError::pointer(pointer, "is missing")]);
        }
        Problem::invalid_input(vec![FieldError::pointer(pointer, detail)])
    })
}

fn has_json_type(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    })
}

fn unsupported_media_type() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "the body must be sent as application/json",
    )
    .with_errors(vec![FieldError::header("Content-Type", "must be application/json")])
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&escape(key)),
            Segment::Enum { variant } => pointer.push_str(&escape(variant)),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

/// serde_json ends its messages with a line and a column; the pointer says it better.
fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text).to_owned()
}

fn missing_field(detail: &str) -> Option<&str> {
    detail.strip_prefix("missing field `")?.strip_suffix('`')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::exact::ExactDecimal;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Order {
        items: Vec<Item>,
        note: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Item {
        quantity: ExactDecimal,
        count: u32,
    }

    fn fault(text: &str) -> (u16, String, String) {
        let mut problem = parse::<Order>(text.as_bytes()).unwrap_err();
        let error = problem.errors.remove(0);
        (problem.status, error.pointer.unwrap(), error.detail)
    }

    #[test]
    fn an_unknown_field_is_named() {
        let (status, pointer, detail) = fault(r#"{"items": [{"quantity": 1, "count": 1, "price": 0}]}"#);
        assert_eq!((status, pointer.as_str()), (422, "/items/0/price"));
        assert!(detail.starts_with("unknown field `price`"), "{detail}");
        assert_eq!(fault(r#"{"items": [], "role": "admin"}"#).1, "/role");
    }

    #[test]
    fn a_wrong_type_is_named() {
        for (text, pointer) in [
            (r#"{"items": [{"quantity": "2", "count": 1}]}"#, "/items/0/quantity"),
            (r#"{"items": [{"quantity": null, "count": 1}]}"#, "/items/0/quantity"),
            (r#"{"items": [{"quantity": 1, "count": -1}]}"#, "/items/0/count"),
            (r#"{"items": [{"quantity": 1, "count": 1.5}]}"#, "/items/0/count"),
            (r#"{"items": {"quantity": 1}}"#, "/items"),
            (r#"{"items": [], "note": 7}"#, "/note"),
            ("[]", ""),
            ("null", ""),
        ] {
            assert_eq!(fault(text).1, pointer, "{text}");
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        assert_eq!(
            fault(r#"{"items": [{"count": 1}]}"#),
            (422, "/items/0/quantity".into(), "is missing".into())
        );
    }

    #[test]
    fn a_list_in_the_place_of_an_object_is_refused() {
        // serde takes a struct from a list of its fields' values, too: this must not pass.
        assert_eq!(fault(r#"{"items": [[1, 1]]}"#).1, "/items/0");
        assert_eq!(parse::<NoFields>(b"[]").unwrap_err().status, 422);
    }
}
