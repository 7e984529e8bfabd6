//! GET /v1/operations/projections

use agrodeep_http::{Allowed, Problem, StrictQuery, TokenVerifier};
use axum::{
    Json,
    extract::{FromRef, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{Reading, unanswered},
    routes::Refusals,
    scope::Operators,
    views::operations::ProjectionView,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(projections))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// How the read models are.
#[derive(Serialize, ToSchema)]
struct ProjectionsView {
    /// Each of them.
    data: Vec<ProjectionView>,
}

/// How each read model is: where it stands, how far behind the log, at which rate it follows, and what is parked.
#[utoipa::path(
    get, path = "/v1/operations/projections", tag = "operations", security(("bearer" = [])),
    responses((status = 200, description = "How they are at this moment", body = ProjectionsView), Refusals),
)]
async fn projections(
    _: Allowed<Operators>,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    State(reading): State<Reading>,
) -> Result<Response, Problem> {
    let all = reading.now().status().await.map_err(unanswered)?;
    let data = all.into_iter().map(ProjectionView::from).collect();
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], Json(ProjectionsView { data })).into_response())
}
