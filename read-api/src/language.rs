//! The language of texts that come in one language only.

use std::convert::Infallible;

use agrodeep_domain::Language;
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

/// The language that the client likes best among those we have
/// ([RFC 9110, section 12.5.4](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4)); French when it likes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferred(pub Language);

impl<S: Send + Sync> FromRequestParts<S> for Preferred {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(header.and_then(best).unwrap_or(Language::Fr)))
    }
}

fn best(header: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for range in header.split(',') {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let language = match tag.trim().split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("fr") => Language::Fr,
            Some(primary) if primary.eq_ignore_ascii_case("en") => Language::En,
            _ => continue,
        };
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).unwrap_or(0.0);
        if weight > 0.0 && best.is_none_or(|(heaviest, _)| weight > heaviest) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_liked_best_is_taken() {
        for (header, language) in [
            ("en", Some(Language::En)),
            ("en-GB, fr;q=0.8", Some(Language::En)),
            ("fr;q=0.3,en;q=0.7", Some(Language::En)),
            ("de, FR;q=0.5", Some(Language::Fr)),
            ("de", None),
            ("en;q=0", None),
            (";;,,=", None),
        ] {
            assert_eq!(best(header), language, "{header}");
        }
    }
}
