//! GET /v1/operations/parked

use agrodeep_http::{Allowed, Paged, Paging, Problem, StrictQuery, TokenVerifier, query};
use agrodeep_projections::{Model, Page, parking::ParkedFilter};
use axum::{
    extract::{FromRef, OriginalUri, State},
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{Reading, unanswered},
    routes::Refusals,
    scope::Operators,
    views::operations::ParkedView,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(parked))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ParkedParameters {
    /// Only those of this read model.
    #[param(example = "orders")]
    projection: Option<String>,
    /// Which page, from 1.
    page: Option<u32>,
    /// How many items a page has: at most 100, 20 by default.
    limit: Option<u32>,
}

/// A projection by its name.
///
/// # Errors
/// 400 `invalid_query`, naming those that there are.
pub fn model(name: &str) -> Result<Model, Problem> {
    name.parse().map_err(|error| query::invalid("projection", format!("{error}")))
}

/// What could not be applied, the longest parked first. Of the product index (`projection=search`) what this process' own
/// has parked.
#[utoipa::path(
    get, path = "/v1/operations/parked", tag = "operations", security(("bearer" = [])),
    params(ParkedParameters),
    responses((status = 200, description = "A page of parked aggregates; `Link` leads to others", body = Paged<ParkedView>), Refusals),
)]
async fn parked(
    _: Allowed<Operators>,
    StrictQuery(ParkedParameters { projection, page, limit }): StrictQuery<ParkedParameters>,
    OriginalUri(uri): OriginalUri,
    State(reading): State<Reading>,
) -> Result<Response, Problem> {
    let paging = Paging::parse(page, limit)?;
    let projection = projection.as_deref().map(model).transpose()?;
    let page = Page { page: paging.page, limit: paging.limit };
    let found = reading.now().parked(ParkedFilter { projection }, page).await.map_err(unanswered)?;
    let data: Vec<_> = found.items.into_iter().map(ParkedView::from).collect();
    Ok(Paged { data, meta: paging.meta(found.total) }.into_response(&uri))
}
