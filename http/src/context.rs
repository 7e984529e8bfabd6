//! Who a request is: its ids and its place in a trace.

use std::fmt;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, request::Parts},
};
use uuid::Uuid;

use crate::problem::Problem;

/// In and out: the request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// In and out: the request's place in a trace ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What is known of a request from its headers, or made up where they say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestContext {
    /// Ours: new for every request, time-ordered. Good as a correlation id.
    pub id: Uuid,
    /// What `X-Request-ID` says; ours when it says nothing usable.
    pub request_id: String,
    /// Its place in a trace.
    pub trace: Trace,
}

impl RequestContext {
    /// Reads the headers.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let id = Uuid::now_v7();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let request_id = text(REQUEST_ID)
            .filter(|given| is_request_id(given))
            .map_or_else(|| id.to_string(), str::to_owned);
        // Two of these headers are as good as none (Trace Context, section 3.2.2).
        let parent = match headers.get_all(TRACEPARENT).iter().count() {
            1 => text(TRACEPARENT).and_then(Trace::parse),
            _ => None,
        };
        Self { id, request_id, trace: parent.map_or_else(Trace::root, Trace::child) }
    }

    /// The `traceparent` of what follows from this request.
    pub fn traceparent(&self) -> String {
        self.trace.to_string()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::from_headers(&parts.headers)))
    }
}

fn is_request_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=128).contains(&text.len()) && text.bytes().all(allowed)
}

/// A place in a trace: of which trace, and which span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The trace.
    pub trace_id: u128,
    /// The span.
    pub span_id: u64,
    /// Whether the trace is being recorded.
    pub sampled: bool,
}

impl Trace {
    /// A new trace.
    pub fn root() -> Self {
        Self { trace_id: Uuid::new_v4().as_u128(), span_id: new_span_id(), sampled: true }
    }

    /// A new span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: new_span_id(), ..self }
    }

    /// Reads a `traceparent`: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`. Later versions may say more at the end.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace_id, span_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |part: &str, len: usize| {
            let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            (part.len() == len && part.bytes().all(digit))
                .then(|| u128::from_str_radix(part, 16).ok())
                .flatten()
        };
        match hex(version, 2)? {
            0 if parts.next().is_some() => return None,
            0xff => return None,
            _ => {}
        }
        let trace_id = hex(trace_id, 32).filter(|id| *id != 0)?;
        let span_id = hex(span_id, 16).filter(|id| *id != 0)? as u64;
        Some(Self { trace_id, span_id, sampled: hex(flags, 2)? & 1 == 1 })
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

fn new_span_id() -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    // Each half alone has fixed bits; together they have none.
    (high ^ low.rotate_left(32)).max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn context(name: HeaderName, value: &str) -> RequestContext {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        RequestContext::from_headers(&headers)
    }

    #[test]
    fn a_trace_goes_on_with_a_span_of_its_own() {
        let trace = context(TRACEPARENT, GIVEN).trace;
        assert_eq!(format!("{:032x}", trace.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(trace.span_id, 0x00f0_67aa_0ba9_02b7);
        assert_eq!(Trace::parse(&trace.to_string()), Some(trace));
    }

    #[test]
    fn a_malformed_traceparent_starts_a_new_trace() {
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
        assert!(Trace::parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more").is_some());
    }

    #[test]
    fn a_request_id_is_kept_when_it_is_harmless() {
        assert_eq!(context(REQUEST_ID, "abc-1.2_3").request_id, "abc-1.2_3");
        for bad in ["", "a b", "<script>", &"x".repeat(129)] {
            let context = context(REQUEST_ID, bad);
            assert_eq!(context.request_id, context.id.to_string(), "{bad}");
        }
    }
}
