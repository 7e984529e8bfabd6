//! Problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), with a stable `error` code for programs.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The media type of problems.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// Where problem types are named. Names only: nothing is fetched from there.
pub const TYPE_BASE: &str = "https://api.agrodeep.com/problems/";

/// What is wrong with one part of a request. One of `pointer`, `parameter` and `header` says which part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the body, for example `/items/0/quantity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/items/0/quantity")]
    pub pointer: Option<String>,
    /// The name of a query or path parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The name of a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// What is wrong with it.
    #[schema(example = "must have at most 3 decimal places")]
    pub detail: String,
}

impl FieldError {
    /// A part of the body.
    pub fn pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), detail: detail.into(), ..Self::default() }
    }

    /// A query or path parameter.
    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { parameter: Some(name.into()), detail: detail.into(), ..Self::default() }
    }

    /// A header.
    pub fn header(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { header: Some(name.into()), detail: detail.into(), ..Self::default() }
    }
}

/// A problem, as it is told to a client. Carries nothing that a client must not see.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: the same for all of a kind.
    #[serde(rename = "type")]
    #[schema(example = "https://api.agrodeep.com/problems/invalid_input")]
    pub kind: String,
    /// The kind in words.
    #[schema(example = "Invalid input")]
    pub title: String,
    /// The status of the answer.
    #[schema(example = 422)]
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// The id of the request (`X-Request-ID`), to find it again in logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The kind for programs: never changes.
    #[schema(example = "invalid_input")]
    pub error: String,
    /// Which parts of the request are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// What a kind says more, for example `mfa_method` or `reason`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: Map<String, Value>,
    #[serde(skip)]
    #[schema(ignore)]
    headers: HeaderMap,
}

impl Problem {
    /// A problem of the kind `error`, whose title is the kind in words.
    pub fn new(status: StatusCode, error: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{TYPE_BASE}{error}"),
            title: in_words(error),
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            error: error.to_owned(),
            errors: Vec::new(),
            more: Map::new(),
            headers: HeaderMap::new(),
        }
    }

    /// 400: what was sent cannot be read.
    pub fn bad_request(error: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, detail)
    }

    /// 404: it does not exist, or not for this user.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 409: the state of things does not allow it.
    pub fn conflict(error: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, error, detail)
    }

    /// 412: the client has seen another version.
    pub fn version_conflict(actual: u64) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "version_conflict",
            format!("the resource is at version {actual}"),
        )
        .with("version", actual)
    }

    /// 422: well-formed, but what the parts say cannot be.
    pub fn invalid_input(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}{}", place(one), one.detail),
            many => format!("{} parts of the request are invalid", many.len()),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", detail).with_errors(errors)
    }

    /// 403: not with this role.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 503: not now; nothing was done.
    pub fn unavailable(error: &str, detail: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// 500: our fault. What happened is in the log, not in the answer.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "something went wrong on our side; the request id tells us where",
        )
    }

    /// Says more: one member beside the standard ones.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.more.insert(member.to_owned(), value.into());
        self
    }

    /// Says which parts of the request are wrong.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Sends a header along.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Names the request.
    #[must_use]
    pub fn with_instance(mut self, request_id: &str) -> Self {
        self.instance = Some(request_id.to_owned());
        self
    }

    /// The status of the answer.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The headers that go with it.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_else(|_| b"{}".to_vec())
    }
}

/// The problem itself travels with the response, so that the request's id can be put in on the way out.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.to_json()));
        *response.status_mut() = self.status_code();
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if self.instance.is_none() {
            response.extensions_mut().insert(self);
        }
        response
    }
}

fn place(error: &FieldError) -> String {
    match (&error.pointer, &error.parameter, &error.header) {
        (Some(pointer), ..) if !pointer.is_empty() => format!("{pointer} "),
        (_, Some(name), _) | (_, _, Some(name)) => format!("{name} "),
        _ => String::new(),
    }
}

fn in_words(error: &str) -> String {
    let mut words = error.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457_and_a_code_for_programs() {
        let problem = Problem::version_conflict(4).with_instance("req-1");
        assert_eq!(
            String::from_utf8_lossy(&problem.to_json()),
            r#"{"type":"https://api.agrodeep.com/problems/version_conflict","title":"Version conflict","status":412,"detail":"the resource is at version 4","instance":"req-1","error":"version_conflict","version":4}"#
        );
    }

    #[test]
    fn one_wrong_field_is_named_in_the_detail() {
        let problem = Problem::invalid_input(vec![FieldError::pointer("/price", "must be more than zero")]);
        assert_eq!(problem.detail, "/price must be more than zero");
        assert_eq!(problem.status, 422);
    }
}
