//! GET /v1/orders/{id}/history/diff

use agrodeep_domain::OrderId;
use agrodeep_http::{Allowed, MinPosition, PathId, Problem, StrictQuery, TokenVerifier};
use axum::{
    extract::{FromRef, State},
    response::Response,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::get::{Past, Seen, THEN, VARY, people};
use crate::{
    language::Preferred,
    links::Links,
    reading::{self, Reading},
    routes::{Refusals, compared},
    scope::OrderReaders,
    time_travel::{Moment, VersionsParameters},
    views::{diff::DiffView, order::Showing},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    Links: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(diff))
}

/// What differs between two versions of an order, each as it was at its end, as `GET /v1/orders/{id}?version=…` shows them to
/// whoever asks.
#[utoipa::path(
    get, path = "/v1/orders/{id}/history/diff", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The order's id", example = "ord_01h455vb4pex5vsknk084sn02q"),
        VersionsParameters,
        ("Accept-Language" = Option<String>, Header, description = "`fr` or `en`: the language of the products' names"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "What differs", body = DiffView), Refusals),
)]
async fn diff(
    allowed: Allowed<OrderReaders>,
    PathId(order_id): PathId<OrderId>,
    StrictQuery(parameters): StrictQuery<VersionsParameters>,
    (min, language): (MinPosition, Preferred),
    State(reading): State<Reading>,
    State(links): State<Links>,
) -> Result<Response, Problem> {
    let versions = parameters.versions()?;
    let models = reading.about(min, THEN, &[reading::order(order_id)]).await?;
    let past = Past::of(models, order_id, &allowed.0).await?;
    let [from, to] = versions.map(|version| past.at(Moment::Version(version)));
    let (from, to) = (from?, to?);
    let view = async |Seen { order, delivery, scope, .. }: &Seen| {
        let people = people(models, *scope, order, delivery.as_ref()).await?;
        let showing = Showing { scope: *scope, language: language.0, people: &people, links: &links };
        Ok::<_, Problem>(showing.order(order, delivery.as_ref()))
    };
    let views = [view(&from).await?, view(&to).await?];
    Ok(compared(DiffView::of(versions, views)?, from.settled && to.settled, VARY))
}
