//! GET /v1/producers/{id}/delivery-terms

use agrodeep_domain::{AccountId, Role};
use agrodeep_http::{ETag, MinPosition, PathId, Problem, SignedIn, StrictQuery, TokenVerifier};
use agrodeep_projections::Model;
use axum::{
    Json,
    extract::{FromRef, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::Utc;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{self, Reading, unanswered},
    routes::Refusals,
    views::delivery_terms::DeliveryTermsView,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(get))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// When a producer hands goods over, for whoever is signed in. The version in `ETag` is the account's; the earliest day changes
/// without it.
#[utoipa::path(
    get, path = "/v1/producers/{id}/delivery-terms", tag = "producers", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The producer's account", example = "usr_01h455vb4pex5vsknk084sn02q"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "The terms, or that the producer has said nothing", body = DeliveryTermsView), Refusals),
)]
async fn get(
    _: SignedIn,
    PathId(id): PathId<AccountId>,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    min: MinPosition,
    State(reading): State<Reading>,
) -> Result<Response, Problem> {
    let models = reading.about(min, &[Model::Accounts], &[reading::account(id)]).await?;
    let account = models.account(id).await.map_err(unanswered)?;
    let producer = account
        .filter(|account| account.role == Role::Producer)
        .ok_or_else(|| Problem::not_found("there is no such producer"))?;
    let cache = (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok((ETag(producer.version), [cache], Json(DeliveryTermsView::of(&producer, Utc::now()))).into_response())
}
