//! Query strings, strictly: an unknown parameter is a mistake, not a decoration.

use std::collections::HashSet;

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::{
    problem::{FieldError, Problem},
    query_value::Parameters,
};

/// The parameters of the query string. `T` must be a struct with `#[serde(deny_unknown_fields)]`; each parameter may be there
/// once.
#[derive(Clone, Debug)]
pub struct StrictQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for StrictQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        readable(parts.uri.query().unwrap_or_default())?;
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Problem::bad_request("invalid_query", "the query string cannot be read"))?;
        parse(&pairs).map(Self)
    }
}

/// The struct that these parameters make.
///
/// # Errors
/// 400 `invalid_query`, naming the parameter.
pub fn parse<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Problem> {
    if let Some((name, _)) = pairs.iter().find(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(invalid(name.replace('\0', ""), "must not contain NUL"));
    }
    let mut names = HashSet::new();
    if let Some((twice, _)) = pairs.iter().find(|(name, _)| !names.insert(name)) {
        return Err(invalid(twice, "is there more than once"));
    }
    serde_path_to_error::deserialize(Parameters::new(pairs)).map_err(|error| {
        let name = error.path().to_string();
        let detail = error.into_inner().to_string();
        match detail.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            Some(missing) => invalid(missing, "is missing"),
            None => invalid(name, detail),
        }
    })
}

/// What is escaped must be UTF-8: the decoder would put replacement characters where it is not, and so answer another question
/// than was asked.
fn readable(query: &str) -> Result<(), Problem> {
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !is_utf8(name) || !is_utf8(value) {
            return Err(invalid(name, "must be UTF-8"));
        }
    }
    Ok(())
}

fn is_utf8(escaped: &str) -> bool {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |digit: u8| char::from(digit).to_digit(16);
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => ((high * 16 + low) as u8, after),
                _ => (*first, &rest[1..]),
            },
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// 400 `invalid_query`: this parameter cannot be.
pub fn invalid(name: impl Into<String>, detail: impl Into<String>) -> Problem {
    let error = FieldError::parameter(name, detail);
    Problem::bad_request(
        "invalid_query",
        format!("{} {}", error.parameter.as_deref().unwrap_or_default(), error.detail),
    )
    .with_errors(vec![error])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        page: Option<u32>,
        q: String,
        is_organic: Option<bool>,
        sort: Option<Sort>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Sort {
        Price,
    }

    fn read(query: &str) -> Result<Filter, Problem> {
        readable(query)?;
        let uri = format!("/x?{query}").parse().unwrap();
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
        parse(&pairs)
    }

    #[test]
    fn parameters_are_read_as_what_they_are() {
        assert_eq!(
            read("q=tomate+bio&page=2&is_organic=true&sort=price").unwrap(),
            Filter { page: Some(2), q: "tomate bio".into(), is_organic: Some(true), sort: Some(Sort::Price) }
        );
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (query, name) in [
            ("q=a&page=-1", "page"),
            ("q=a&page=x", "page"),
            ("q=a&pages=1", "pages"),
            ("q=a&q=b", "q"),
            ("q=a&is_organic=1", "is_organic"),
            ("q=a&sort=colour", "sort"),
            ("page=1", "q"),
            ("q=%00", "q"),
        ] {
            let problem = read(query).unwrap_err();
            assert_eq!(problem.status, 400);
            assert_eq!(problem.errors[0].parameter.as_deref(), Some(name), "{query}");
        }
    }

    #[test]
    fn a_parameter_that_is_no_utf8_is_named() {
        for (query, name) in [("q=%FF", "q"), ("page=1&q=a%C3%28", "q"), ("%FF=1", "%FF"), ("q=%C3", "q")] {
            assert_eq!(readable(query).unwrap_err().errors[0].parameter.as_deref(), Some(name), "{query}");
        }
        for query in ["", "q=p%C3%AAche", "q=100%", "q=%zz", "q=%2", "a&&b=", "q=\u{2b}"] {
            assert_eq!(readable(query), Ok(()), "{query}");
        }
    }
}
