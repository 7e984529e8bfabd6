//! GET /v1/operations/rebuilds

use agrodeep_http::{Allowed, Problem, StrictQuery, TokenVerifier};
use axum::{
    Json,
    extract::{FromRef, State},
    http::header,
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{Reading, unanswered},
    routes::Refusals,
    scope::Operators,
    views::rebuild::{RebuildItem, RebuildList},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(rebuilds))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// The latest rebuilds of read models, newest first.
#[utoipa::path(
    get, path = "/v1/operations/rebuilds", tag = "operations", security(("bearer" = [])),
    responses((status = 200, description = "The latest rebuilds", body = RebuildList), Refusals),
)]
async fn rebuilds(
    _: Allowed<Operators>,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    State(reading): State<Reading>,
) -> Result<impl IntoResponse, Problem> {
    let found = reading.now().rebuilds().await.map_err(unanswered)?;
    let data = found.iter().map(RebuildItem::of).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(RebuildList { data })))
}
