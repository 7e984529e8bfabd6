//! GET /v1/operations/parked/{projection}/{stream}

use agrodeep_http::{Allowed, Problem, StrictQuery, TokenVerifier};
use agrodeep_projections::{Model, parking::stream_named};
use axum::{
    Json,
    extract::{FromRef, Path, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{Reading, unanswered},
    routes::Refusals,
    scope::Operators,
    views::operations::ParkedDetailView,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(parked_one))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// One parked aggregate: what is parked, why, since when, and what people have decided about it. Also one that was parked.
#[utoipa::path(
    get, path = "/v1/operations/parked/{projection}/{stream}", tag = "operations", security(("bearer" = [])),
    params(
        ("projection" = String, Path, description = "The read model", example = "orders"),
        ("stream" = String, Path, description = "The aggregate's stream", example = "order-01919d2e-6a4b-7c11-9d3e-2f0a55b2c001"),
    ),
    responses((status = 200, description = "What is known of it", body = ParkedDetailView), Refusals),
)]
async fn parked_one(
    _: Allowed<Operators>,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    State(reading): State<Reading>,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("nothing of this name is parked");
    let Path((projection, stream)) = path.map_err(|_| unknown())?;
    let projection: Model = projection.parse().map_err(|error| Problem::not_found(format!("{error}")))?;
    let stream = stream_named(&stream).ok_or_else(unknown)?;
    let detail = reading.now().parked_one(projection, &stream).await.map_err(unanswered)?;
    let view = ParkedDetailView::of(projection.as_str(), &stream, detail.ok_or_else(unknown)?);
    Ok(Json(view).into_response())
}
