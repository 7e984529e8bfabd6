//! `If-None-Match`: a client that has the present version already need not get it again.

use agrodeep_http::Problem;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

/// The versions that the client has
/// ([RFC 9110, section 13.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfNoneMatch {
    any: bool,
    tags: Vec<String>,
}

impl IfNoneMatch {
    /// Whether `version` is among them. The comparison is weak, and what is no tag matches nothing.
    pub fn has(&self, version: u64) -> bool {
        self.any || self.tags.iter().any(|tag| *tag == format!("\"{version}\""))
    }

    fn read(headers: &HeaderMap) -> Self {
        let mut read = Self::default();
        for value in headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()) {
            for tag in value.split(',').map(str::trim) {
                read.any |= tag == "*";
                read.tags.push(tag.strip_prefix("W/").unwrap_or(tag).to_owned());
            }
        }
        read
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::read(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(value: &str) -> IfNoneMatch {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, value.parse().unwrap());
        IfNoneMatch::read(&headers)
    }

    #[test]
    fn a_version_that_the_client_has_is_recognised() {
        for has in ["\"4\"", "W/\"4\"", "\"3\", \"4\"", "*"] {
            assert!(read(has).has(4), "{has}");
        }
        for has_not in ["\"5\"", "4", "\"04\"", "", "\"4"] {
            assert!(!read(has_not).has(4), "{has_not}");
        }
        assert!(!IfNoneMatch::default().has(4));
    }
}
