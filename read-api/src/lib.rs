//! The read API: queries over HTTP, answered from the read models. Nothing here changes anything.
//!
//! * [`router`] makes the routes; each stands in the file that its path names (`routes/orders/get.rs`).
//! * [`views`] is the JSON they answer with.
//! * [`event_streams`] is the log for analysts and auditors, in the form that they ask for.
//! * [`saga`] tells the fulfilment of one order from its stream, and draws it.
//! * [`time_travel`] folds things from the log, as they were; [`diff`] says what differs.
//!
//! This crate must never know commands, the write API, or SQL.

// A problem is made once a request at most, and then it is the answer: its size costs nothing.
#![allow(clippy::result_large_err)]

pub mod diff;
mod eta;
pub mod event_streams;
mod if_none_match;
mod language;
mod links;
pub mod payments;
mod readiness;
mod reading;
mod routes;
pub mod saga;
mod scope;
mod state;
pub mod time_travel;
mod timeline;
pub mod views;

use agrodeep_http::prefer;
use axum::{Router, middleware::from_fn};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use self::state::Shared;
pub use self::{
    readiness::readiness,
    state::{ReadApi, ReadApiSettings},
};

/// The name of this service in figures and logs.
pub const SERVICE: &str = "read-api";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "AgroDeep read API",
        description = "Queries. Each takes `Agrodeep-Min-Position` to read what the client has written, and waits for that as long as `Prefer: wait=N` says (2 s otherwise, 30 s at the most); errors are RFC 9457 problem details with a stable `error` code."
    ),
    tags(
        (name = "auth", description = "Who is signed in"),
        (name = "producers", description = "When producers hand goods over"),
        (name = "products", description = "What is offered"),
        (name = "orders", description = "What was ordered, how far it has come, and everything that happened to it"),
        (name = "deliveries", description = "Where an order is"),
        (name = "events", description = "The log itself, for those who analyse and audit it"),
        (name = "operations", description = "How the read models are, for whoever operates them"),
        (name = "service", description = "Whether the service is well"),
    )
)]
struct Contract;

/// The routes and their contract. The service's own routes, and the frame around all, come from `agrodeep_http`
/// ([`agrodeep_http::ServiceRoutes`], with [`SERVICE`] and [`readiness`]).
pub fn router(api: ReadApi) -> (Router, OpenApi) {
    let (router, openapi) = all().split_for_parts();
    let router = router.layer(from_fn(prefer::tell_what_applied));
    (router.with_state(Shared::from(api)), openapi)
}

/// The contract of the routes alone.
pub fn openapi() -> OpenApi {
    all().split_for_parts().1
}

fn all() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Contract::openapi())
        .merge(routes::auth::me::router())
        .merge(routes::products::list::router())
        .merge(routes::products::search::router())
        .merge(routes::products::get::router())
        .merge(routes::products::diff::router())
        .merge(routes::producers::delivery_terms::router())
        .merge(routes::ai::recommendations::router())
        .merge(routes::orders::list::router())
        .merge(routes::orders::get::router())
        .merge(routes::orders::history::router())
        .merge(routes::orders::diff::router())
        .merge(routes::deliveries::track::router())
        .merge(routes::events::router())
        .merge(routes::streams::list::router())
        .merge(routes::streams::get::router())
        .merge(routes::operations::rebuilds::router())
        .merge(routes::deliveries::diff::router())
        .merge(routes::operations::projections::router())
        .merge(routes::operations::parked::router())
        .merge(routes::operations::parked_one::router())
        .merge(routes::operations::payments::router())
        .merge(routes::operations::sagas::router())
        .merge(routes::operations::saga_steps::router())
        .merge(routes::operations::saga::router())
}
