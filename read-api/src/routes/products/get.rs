//! GET /v1/products/{id}, also as it was: `?as_of=TIME` or `?version=N`

use agrodeep_domain::ProductId;
use agrodeep_event_store::SharedLog;
use agrodeep_http::{MinPosition, PathId, Problem, SignedIn, StrictQuery, TokenVerifier};
use agrodeep_projections::Model;
use axum::{
    extract::{FromRef, State},
    http::header,
    response::Response,
};
use chrono::Utc;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    if_none_match::IfNoneMatch,
    links::Links,
    reading::{self, Reading, unanswered},
    routes::{Refusals, as_it_was, versioned},
    time_travel::{self, MomentParameters, Then},
    views::{people::People, product::ProductView},
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
    OpenApiRouter::new().routes(routes!(get))
}

/// One product, whether it is still offered or not.
#[utoipa::path(
    get, path = "/v1/products/{id}", tag = "products", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The product's id", example = "prod_01h455vb4pex5vsknk084sn02q"),
        MomentParameters,
        ("If-None-Match" = Option<String>, Header, description = "The version that the client has"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses(
        (status = 200, description = "The product", body = ProductView),
        (status = 304, description = "The client has this version"),
        Refusals,
    ),
)]
async fn get(
    _: SignedIn,
    PathId(id): PathId<ProductId>,
    StrictQuery(parameters): StrictQuery<MomentParameters>,
    (min, has): (MinPosition, IfNoneMatch),
    State(reading): State<Reading>,
    State(links): State<Links>,
    State(log): State<SharedLog>,
) -> Result<Response, Problem> {
    let moment = parameters.moment(Utc::now())?;
    let models = reading.about(min, &[Model::Products, Model::Accounts], &[reading::product(id)]).await?;
    let product = models.product(id).await.map_err(unanswered)?;
    let product = product.ok_or_else(|| Problem::not_found("there is no such product"))?;
    let people = People::load(models, [product.producer_id]).await?;
    let vary = header::AUTHORIZATION.as_str();
    let Some(moment) = moment else {
        let view = ProductView::of(&product, &people, &links);
        return Ok(versioned(view, product.version, &has, true, vary));
    };
    let Then { thing: product, settled } = time_travel::product(&*log, id, moment).await?;
    let view = ProductView::of(&product, &people, &links);
    Ok(as_it_was(view, product.version, &has, settled, vary))
}
