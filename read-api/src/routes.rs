//! The routes, one file each: who knows the path knows the file.

pub mod ai;
pub mod auth;
pub mod deliveries;
pub mod events;
pub mod operations;
pub mod orders;
pub mod producers;
pub mod products;
pub mod streams;

use std::collections::BTreeMap;

use agrodeep_http::{Problem, problem};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{
    IntoResponses, PartialSchema,
    openapi::{ContentBuilder, RefOr, Response as Documented, ResponseBuilder},
};

use agrodeep_http::ETag;

use crate::{if_none_match::IfNoneMatch, views::diff::DiffView};

/// One resource at a version; 304 when the client has that version already and `settled` says that it cannot have changed
/// otherwise.
pub(crate) fn versioned(
    view: impl Serialize,
    version: u64,
    has: &IfNoneMatch,
    settled: bool,
    vary: &'static str,
) -> Response {
    answer(view, version, has, settled, (vary, "private, no-cache"))
}

/// One resource as it was. What is `settled` can be kept: an hour, as it may name people, who may want to be forgotten.
pub(crate) fn as_it_was(
    view: impl Serialize,
    version: u64,
    has: &IfNoneMatch,
    settled: bool,
    vary: &'static str,
) -> Response {
    let cache = if settled { "private, max-age=3600, immutable" } else { "private, no-cache" };
    answer(view, version, has, settled, (vary, cache))
}

/// What differs between two versions. `settled`: both are over.
pub(crate) fn compared(view: DiffView, settled: bool, vary: &'static str) -> Response {
    let cache = if settled { "private, max-age=3600, immutable" } else { "private, no-cache" };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::VARY, HeaderValue::from_static(vary)),
    ];
    (headers, Json(view)).into_response()
}

fn answer(
    view: impl Serialize,
    version: u64,
    has: &IfNoneMatch,
    settled: bool,
    (vary, cache): (&'static str, &'static str),
) -> Response {
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::VARY, HeaderValue::from_static(vary)),
    ];
    if settled && has.has(version) {
        return (StatusCode::NOT_MODIFIED, ETag(version), headers).into_response();
    }
    (ETag(version), headers, Json(view)).into_response()
}

/// What every query may answer instead.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Documented>> {
        [
            ("400", "A parameter or header is wrong; `errors` names it"),
            ("401", "No access token, or none that counts"),
            ("403", "Not in this role"),
            ("404", "There is no such thing, or not for this user"),
            ("503", "Not now: a read model cannot be reached, or is behind `Agrodeep-Min-Position`: then `model`, `behind_events` and `cause` say which, by how much and why; see `Retry-After`"),
        ]
        .into_iter()
        .map(|(status, description)| {
            let content = ContentBuilder::new().schema(Some(Problem::schema())).build();
            let response =
                ResponseBuilder::new().description(description).content(problem::CONTENT_TYPE, content).build();
            (status.to_owned(), RefOr::T(response))
        })
        .collect()
    }
}
