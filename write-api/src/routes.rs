//! The routes, as the contract lists them. A reader who knows the path knows the file.

mod admin;
mod auth;
mod deliveries;
mod orders;
mod payments;
mod producers;
mod products;

use agrodeep_http::Problem;
use axum::{Router, extract::DefaultBodyLimit};
use utoipa::{OpenApi, openapi};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::state::WriteApi;

/// The largest body of most routes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The largest body about money.
const PAYMENT_BODY_BYTES_MAX: usize = 128 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "AgroDeep write API",
        description = "Everything that changes something. Every answer to a command carries `Agrodeep-Position`: sent back to \
                       the read API as `Agrodeep-Min-Position`, it makes the read wait until it shows what was written. \
                       Errors are RFC 9457 problems with a stable `error` code.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem)),
    tags(
        (name = "auth", description = "Accounts and signing in"),
        (name = "producers", description = "What producers say of themselves"),
        (name = "products", description = "What producers offer"),
        (name = "orders", description = "What buyers order"),
        (name = "payments", description = "Paying"),
        (name = "deliveries", description = "Bringing orders to their buyers"),
        (name = "admin", description = "Running the system"),
        (name = "service", description = "How the service is"),
    )
)]
struct Contract;

/// The write API, and its contract.
pub fn router(state: WriteApi) -> (Router, openapi::OpenApi) {
    let payments_limit = DefaultBodyLimit::max(PAYMENT_BODY_BYTES_MAX);
    OpenApiRouter::with_openapi(Contract::openapi())
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::refresh::refresh))
        .routes(routes!(auth::logout::logout))
        .routes(routes!(auth::jwks::jwks))
        .routes(routes!(products::create::create))
        .routes(routes!(products::batch::batch))
        .routes(routes!(products::update::update, products::delete::delete))
        .routes(routes!(producers::delivery_terms::set_delivery_terms))
        .routes(routes!(orders::place::place))
        .routes(routes!(orders::cancel::cancel))
        .routes(routes!(orders::process::process))
        .routes(routes!(orders::lines::report::report))
        .routes(routes!(orders::lines::cancel::cancel_line))
        .routes(routes!(deliveries::assign::assign))
        .routes(routes!(deliveries::pickup::pickup))
        .routes(routes!(deliveries::positions::positions))
        .routes(routes!(deliveries::deliver::deliver))
        .routes(routes!(deliveries::fail::fail))
        .routes(routes!(admin::retry_parked::retry_parked))
        .routes(routes!(admin::skip_parked::skip_parked))
        .routes(routes!(admin::replay_parked::replay_parked))
        .routes(routes!(
            admin::start_rebuild::start_rebuild,
            admin::get_rebuild::get_rebuild,
            admin::discard_rebuild::discard_rebuild
        ))
        .routes(routes!(admin::stop_rebuild::stop_rebuild))
        .routes(routes!(admin::sagas::retry::retry_saga))
        .routes(routes!(admin::sagas::skip::skip_saga))
        .routes(routes!(admin::sagas::abandon::abandon_saga))
        .routes(routes!(admin::sagas::pause::pause_saga))
        .routes(routes!(admin::sagas::resume::resume_saga))
        .routes(routes!(admin::sagas::pause_step::pause_step))
        .routes(routes!(admin::sagas::resume_step::resume_step))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .routes(routes!(payments::intent::intent).layer(payments_limit))
        .routes(routes!(payments::confirm::confirm).layer(payments_limit))
        .routes(routes!(payments::webhook::webhook).layer(payments_limit))
        .with_state(state)
        .split_for_parts()
}

/// What any command may be answered with besides its own answers, for the contract.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "here only for the contract")]
enum CommandProblems {
    /// The body, a header or the query cannot be read: `malformed_json`, `invalid_header`, `invalid_query`, …
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(#[to_schema] Problem),
    /// Nobody is signed in: `missing_token`, `invalid_token`, `token_expired`
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(#[to_schema] Problem),
    /// Not with this role: `forbidden`
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
    /// It does not exist, or belongs to somebody else: `not_found`
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] Problem),
    /// The state of things does not allow it: `order_cancelled`, `already_shipped`, …, `idempotency_key_in_flight`
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] Problem),
    /// `If-Match` names another version: `version_conflict`
    #[response(status = 412, content_type = "application/problem+json")]
    VersionConflict(#[to_schema] Problem),
    /// The body is too large: `body_too_large`
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is no JSON: `unsupported_media_type`
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(#[to_schema] Problem),
    /// A field is unknown, missing or says what cannot be: `invalid_input`; or `idempotency_key_reused`
    #[response(status = 422, content_type = "application/problem+json")]
    InvalidInput(#[to_schema] Problem),
    /// Nothing was done, or it is not known (`outcome_unknown`): ask again with the same key
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}
