//! What both APIs share: problem details, strict input, paging, versions, the signed-in user, tracing, service routes, and
//! the server itself.
//!
//! This crate must never know which API it serves, nor what a route is about.

pub mod conditional;
pub mod context;
pub mod exact;
pub mod idempotency_key;
pub mod invalid;
pub mod json;
mod json_scan;
mod json_struct;
pub mod observe;
pub mod paging;
pub mod path;
pub mod position;
pub mod prefer;
pub mod problem;
pub mod query;
mod query_value;
pub mod serve;
pub mod service;
pub mod signed_in;
pub mod token;

pub use self::{
    conditional::{ETag, IfMatch},
    context::RequestContext,
    exact::{ExactDecimal, ExactMoney, ExactQuantity},
    idempotency_key::IdempotencyKey,
    invalid::Invalid,
    json::{NoFields, OptionalJson, StrictJson},
    paging::{Paged, Paging},
    path::{PathId, PathIds},
    position::MinPosition,
    problem::{FieldError, Problem},
    query::StrictQuery,
    serve::{ServeOptions, serve},
    service::{Readiness, ServiceRoutes},
    signed_in::{Allowed, Roles, SignedIn},
    token::{Claims, KeySource, PublicKey, TokenVerifier},
};
