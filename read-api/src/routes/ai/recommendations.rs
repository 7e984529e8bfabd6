//! GET /v1/ai/recommendations

use agrodeep_domain::Role;
use agrodeep_http::{Allowed, MinPosition, Problem, Roles, StrictQuery, TokenVerifier, position, query};
use agrodeep_projections::Model;
use axum::{
    Json,
    extract::{FromRef, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::Utc;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    links::Links,
    reading::{Reading, unanswered},
    routes::Refusals,
    views::{people::People, recommendation::RecommendationsView},
};

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 50;

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    Links: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(recommendations))
}

/// Roles that buy.
#[derive(Clone, Copy, Debug)]
struct Buyers;

impl Roles for Buyers {
    const ROLES: &'static [Role] = &[Role::Buyer];
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RecommendationParameters {
    /// How many products: 1 to 50, 10 by default.
    limit: Option<usize>,
}

/// What the buyer may like: products that are bought together with theirs, then what most people buy. All can be ordered now,
/// and none was bought in the last 30 days.
#[utoipa::path(
    get, path = "/v1/ai/recommendations", tag = "products", security(("bearer" = [])),
    params(
        RecommendationParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "Products, best first, each with why it is there", body = RecommendationsView), Refusals),
)]
async fn recommendations(
    allowed: Allowed<Buyers>,
    StrictQuery(RecommendationParameters { limit }): StrictQuery<RecommendationParameters>,
    min: MinPosition,
    State(reading): State<Reading>,
    State(links): State<Links>,
) -> Result<Response, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(query::invalid("limit", format!("must be between 1 and {LIMIT_MAX}")));
    }
    let models = reading.at(min, &[Model::Baskets, Model::Products, Model::Accounts]).await?;
    let found = models.recommendations(allowed.0.account_id, Utc::now(), limit).await.map_err(unanswered)?;
    let people = People::load(models, found.items.iter().map(|item| item.product.producer_id)).await?;
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60")),
        // A cached answer is none for a client that has written since.
        (header::VARY, HeaderValue::from(position::MIN_POSITION)),
    ];
    Ok((headers, Json(RecommendationsView::of(&found, &people, &links))).into_response())
}
