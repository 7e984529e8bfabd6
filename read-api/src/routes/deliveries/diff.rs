//! GET /v1/deliveries/{id}/history/diff

use agrodeep_domain::DeliveryId;
use agrodeep_event_store::SharedLog;
use agrodeep_http::{Allowed, MinPosition, PathId, Problem, StrictQuery, TokenVerifier};
use agrodeep_projections::Model;
use axum::{
    extract::{FromRef, State},
    http::header,
    response::Response,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::track::followed;
use crate::{
    reading::{self, Reading},
    routes::{Refusals, compared},
    scope::DeliveryReaders,
    time_travel::{self, Moment, VersionsParameters},
    views::{delivery::TrackView, diff::DiffView, people::People},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
    SharedLog: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(diff))
}

/// What differs between two versions of a delivery, each as it was at its end, as `GET /v1/deliveries/{id}/track?version=…`
/// shows them.
#[utoipa::path(
    get, path = "/v1/deliveries/{id}/history/diff", tag = "deliveries", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The delivery's id", example = "dlv_01h455vb4pex5vsknk084sn02q"),
        VersionsParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "What differs", body = DiffView), Refusals),
)]
async fn diff(
    allowed: Allowed<DeliveryReaders>,
    PathId(delivery_id): PathId<DeliveryId>,
    StrictQuery(parameters): StrictQuery<VersionsParameters>,
    min: MinPosition,
    State(reading): State<Reading>,
    State(log): State<SharedLog>,
) -> Result<Response, Problem> {
    let versions = parameters.versions()?;
    let models =
        reading.about(min, &[Model::Deliveries, Model::Accounts], &[reading::delivery(delivery_id)]).await?;
    followed(models, delivery_id, &allowed.0).await?;
    let from = time_travel::delivery(&*log, delivery_id, Moment::Version(versions[0])).await?;
    let to = time_travel::delivery(&*log, delivery_id, Moment::Version(versions[1])).await?;
    let people = People::load(models, from.thing.driver_id.into_iter().chain(to.thing.driver_id)).await?;
    let views = [&from.thing, &to.thing].map(|delivery| TrackView::of(delivery, &people));
    let vary = header::AUTHORIZATION.as_str();
    Ok(compared(DiffView::of(versions, views)?, from.settled && to.settled, vary))
}
