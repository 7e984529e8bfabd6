//! GET /v1/products/{id}/history/diff

use agrodeep_domain::ProductId;
use agrodeep_event_store::SharedLog;
use agrodeep_http::{MinPosition, PathId, Problem, SignedIn, StrictQuery, TokenVerifier};
use agrodeep_projections::Model;
use axum::{
    extract::{FromRef, State},
    http::header,
    response::Response,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    links::Links,
    reading::{self, Reading, unanswered},
    routes::{Refusals, compared},
    time_travel::{self, Moment, VersionsParameters},
    views::{diff::DiffView, people::People, product::ProductView},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    Links: FromRef<S>,
    TokenVerifier: FromRef<S>,
    SharedLog: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(diff))
}

/// What differs between two versions of a product, as `GET /v1/products/{id}?version=…` shows them.
#[utoipa::path(
    get, path = "/v1/products/{id}/history/diff", tag = "products", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The product's id", example = "prod_01h455vb4pex5vsknk084sn02q"),
        VersionsParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "What differs", body = DiffView), Refusals),
)]
async fn diff(
    _: SignedIn,
    PathId(id): PathId<ProductId>,
    StrictQuery(parameters): StrictQuery<VersionsParameters>,
    min: MinPosition,
    State(reading): State<Reading>,
    State(links): State<Links>,
    State(log): State<SharedLog>,
) -> Result<Response, Problem> {
    let versions = parameters.versions()?;
    let models = reading.about(min, &[Model::Products, Model::Accounts], &[reading::product(id)]).await?;
    let product = models.product(id).await.map_err(unanswered)?;
    let product = product.ok_or_else(|| Problem::not_found("there is no such product"))?;
    let people = People::load(models, [product.producer_id]).await?;
    let from = time_travel::product(&*log, id, Moment::Version(versions[0])).await?;
    let to = time_travel::product(&*log, id, Moment::Version(versions[1])).await?;
    let views = [&from.thing, &to.thing].map(|product| ProductView::of(product, &people, &links));
    let vary = header::AUTHORIZATION.as_str();
    Ok(compared(DiffView::of(versions, views)?, from.settled && to.settled, vary))
}
