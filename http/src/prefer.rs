//! How long a client is ready to wait: `Prefer: wait=N` ([RFC 7240](https://www.rfc-editor.org/rfc/rfc7240), section 4.3).
//!
//! As the RFC asks, a preference that is unknown or malformed is ignored, and the first of several counts. What was heeded
//! is said in `Preference-Applied`.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::Response,
};

/// In: what the client would like.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");
/// Out: what of it was heeded.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// Nobody waits longer, whatever the client prefers.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// The wait that was heeded, noted on the way in for the way out.
#[derive(Clone, Default)]
struct Applied(Arc<OnceLock<Duration>>);

/// How long the client is ready to wait, at most [`WAIT_MAX`]; `None`: it does not say.
pub fn wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .map(|(_, value)| value.trim().trim_matches('"'))?;
    if seconds.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // What has too many digits is more than the most.
    Some(seconds.parse().map_or(WAIT_MAX, Duration::from_secs).min(WAIT_MAX))
}

/// Notes that the answer heeds the client's wait.
pub(crate) fn heed(parts: &Parts, wait: Duration) {
    if let Some(Applied(applied)) = parts.extensions.get() {
        let _ = applied.set(wait);
    }
}

/// Middleware: says in `Preference-Applied` how long the answer would have been waited for.
pub async fn tell_what_applied(mut request: Request, next: Next) -> Response {
    let applied = Applied::default();
    request.extensions_mut().insert(applied.clone());
    let mut response = next.run(request).await;
    if let Some(wait) = applied.0.get()
        && let Ok(value) = HeaderValue::from_str(&format!("wait={}", wait.as_secs()))
    {
        response.headers_mut().insert(PREFERENCE_APPLIED, value);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn of(values: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, value.parse().unwrap());
        }
        wait(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_read_among_other_preferences_and_bounded() {
        assert_eq!(of(&["wait=10"]), Some(10));
        assert_eq!(of(&["respond-async, wait=\"7\"; foo=bar"]), Some(7));
        assert_eq!(of(&["return=minimal", "Wait = 3"]), Some(3));
        assert_eq!(of(&["wait=1, wait=9"]), Some(1));
        assert_eq!(of(&["wait=0"]), Some(0));
        assert_eq!(of(&["wait=100000"]), Some(30));
        assert_eq!(of(&["wait=99999999999999999999999"]), Some(30));
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        for bad in ["", "wait", "wait=", "wait=-1", "wait=soon", "wait=1.5", "waits=3"] {
            assert_eq!(of(&[bad]), None, "{bad}");
        }
    }
}
