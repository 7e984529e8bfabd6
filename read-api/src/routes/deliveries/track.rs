//! GET /v1/deliveries/{id}/track

use agrodeep_domain::{DeliveryId, Role};
use agrodeep_http::{Allowed, ETag, MinPosition, PathId, Problem, SignedIn, StrictQuery, TokenVerifier};
use agrodeep_projections::{Model, deliveries::Delivery};
use axum::{
    Json,
    extract::{FromRef, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{Reading, unanswered},
    routes::Refusals,
    scope::DeliveryReaders,
    views::{delivery::TrackView, people::People},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(track))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// Where a delivery is, for its buyer, its driver and admins. The version in `ETag` is the delivery's; the position changes
/// without it, so there is no 304.
#[utoipa::path(
    get, path = "/v1/deliveries/{id}/track", tag = "deliveries", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The delivery's id", example = "dlv_01h455vb4pex5vsknk084sn02q"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "Where it is", body = TrackView), Refusals),
)]
async fn track(
    allowed: Allowed<DeliveryReaders>,
    PathId(delivery_id): PathId<DeliveryId>,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    min: MinPosition,
    State(reading): State<Reading>,
) -> Result<Response, Problem> {
    let user = &allowed.0;
    let models = reading.at(min, &[Model::Deliveries, Model::Accounts]).await?;
    let delivery = models.delivery(delivery_id).await.map_err(unanswered)?;
    let delivery = delivery
        .filter(|delivery| follows(user, delivery))
        .ok_or_else(|| Problem::not_found("there is no such delivery"))?;
    let people = People::load(models, delivery.driver_id).await?;
    Ok((ETag(delivery.version), Json(TrackView::of(&delivery, &people))).into_response())
}

fn follows(user: &SignedIn, delivery: &Delivery) -> bool {
    match user.role {
        Role::Admin => true,
        Role::Buyer => delivery.buyer_id == user.account_id,
        Role::Driver => delivery.driver_id == Some(user.account_id),
        _ => false,
    }
}
