//! An answer before it is a response: it can be stored, and given again byte for byte.

use agrodeep_commands::{Executed, idempotency::StoredAnswer};
use agrodeep_domain::Aggregate;
use agrodeep_event_store::Position;
use agrodeep_http::{ETag, Problem, position::position_header, problem};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

/// What came of a command.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Answer {
    /// A status with a JSON body.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Problem::internal()
        })?;
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { status, headers: vec![json], body })
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: vec![], body: vec![] }
    }

    /// A problem, which names the request it came from.
    pub fn problem(problem: &Problem) -> Self {
        let mut headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE))];
        headers.extend(problem.headers().iter().map(|(name, value)| (name.clone(), value.clone())));
        Self { status: problem.status_code(), headers, body: problem.to_json() }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With the resource's version.
    #[must_use]
    pub fn version(self, version: u64) -> Self {
        let (name, value) = ETag(version).header();
        self.header(name, value)
    }

    /// With the place in the log from which on what was done can be read.
    #[must_use]
    pub fn position(self, position: Position) -> Self {
        let (name, value) = position_header(position.0);
        self.header(name, value)
    }

    /// With the version and the position that a command led to.
    #[must_use]
    pub fn executed<A: Aggregate>(self, executed: &Executed<A>) -> Self {
        self.version(executed.version).position(executed.position)
    }

    /// With the address of what was made.
    #[must_use]
    pub fn location(self, path: &str) -> Self {
        match HeaderValue::from_str(path) {
            Ok(value) => self.header(header::LOCATION, value),
            Err(_) => self,
        }
    }

    /// The answer as it is stored.
    pub fn to_stored(&self) -> StoredAnswer {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        StoredAnswer {
            status: self.status.as_u16(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body: self.body.clone(),
        }
    }

    /// The answer that was stored.
    pub fn from_stored(stored: StoredAnswer) -> Self {
        let header = |(name, value): &(String, String)| Some((name.parse().ok()?, value.parse().ok()?));
        Self {
            status: StatusCode::from_u16(stored.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: stored.headers.iter().filter_map(header).collect(),
            body: stored.body,
        }
    }

    /// The response that tells it.
    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_answer_that_was_stored_is_the_same_again() {
        let answer =
            Answer::json(StatusCode::ACCEPTED, &"é").unwrap().version(3).location("/v1/orders/ord_1");
        let stored = answer.to_stored();
        assert_eq!(Answer::from_stored(stored.clone()).to_stored(), stored);
        let response = Answer::from_stored(stored).into_response();
        assert_eq!(response.status(), 202);
        assert_eq!(response.headers()["etag"], "\"3\"");
    }
}
