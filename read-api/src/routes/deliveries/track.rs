//! GET /v1/deliveries/{id}/track, also as it was: `?as_of=TIME` or `?version=N`

use agrodeep_domain::{DeliveryId, Role};
use agrodeep_event_store::SharedLog;
use agrodeep_http::{Allowed, MinPosition, PathId, Problem, SignedIn, StrictQuery, TokenVerifier};
use agrodeep_projections::{Model, ReadModels, deliveries::Delivery};
use axum::{
    extract::{FromRef, State},
    http::header,
    response::Response,
};
use chrono::Utc;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    if_none_match::IfNoneMatch,
    reading::{self, Reading, unanswered},
    routes::{Refusals, as_it_was, versioned},
    scope::DeliveryReaders,
    time_travel::{self, MomentParameters, Then},
    views::{delivery::TrackView, people::People},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
    SharedLog: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(track))
}

/// Where a delivery is, for its buyer, its driver and admins. The version in `ETag` is the delivery's; the position changes
/// without it, so there is no 304; but
/// what was before its last change is settled.
#[utoipa::path(
    get, path = "/v1/deliveries/{id}/track", tag = "deliveries", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The delivery's id", example = "dlv_01h455vb4pex5vsknk084sn02q"),
        MomentParameters,
        ("If-None-Match" = Option<String>, Header, description = "The version that the client has, of what was before"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses(
        (status = 200, description = "Where it is, or was", body = TrackView),
        (status = 304, description = "The client has this version, which is over"),
        Refusals,
    ),
)]
async fn track(
    allowed: Allowed<DeliveryReaders>,
    PathId(delivery_id): PathId<DeliveryId>,
    StrictQuery(parameters): StrictQuery<MomentParameters>,
    (min, has): (MinPosition, IfNoneMatch),
    State(reading): State<Reading>,
    State(log): State<SharedLog>,
) -> Result<Response, Problem> {
    let moment = parameters.moment(Utc::now())?;
    let models =
        reading.about(min, &[Model::Deliveries, Model::Accounts], &[reading::delivery(delivery_id)]).await?;
    let delivery = followed(models, delivery_id, &allowed.0).await?;
    let vary = header::AUTHORIZATION.as_str();
    let Some(moment) = moment else {
        let people = People::load(models, delivery.driver_id).await?;
        return Ok(versioned(TrackView::of(&delivery, &people), delivery.version, &has, false, vary));
    };
    let Then { thing: delivery, settled } = time_travel::delivery(&*log, delivery_id, moment).await?;
    let people = People::load(models, delivery.driver_id).await?;
    Ok(as_it_was(TrackView::of(&delivery, &people), delivery.version, &has, settled, vary))
}

/// The delivery as it is now, if `user` may follow it.
pub(super) async fn followed(
    models: &ReadModels,
    delivery_id: DeliveryId,
    user: &SignedIn,
) -> Result<Delivery, Problem> {
    let delivery = models.delivery(delivery_id).await.map_err(unanswered)?;
    delivery
        .filter(|delivery| follows(user, delivery))
        .ok_or_else(|| Problem::not_found("there is no such delivery"))
}

fn follows(user: &SignedIn, delivery: &Delivery) -> bool {
    match user.role {
        Role::Admin => true,
        Role::Buyer => delivery.buyer_id == user.account_id,
        Role::Driver => delivery.driver_id == Some(user.account_id),
        _ => false,
    }
}
