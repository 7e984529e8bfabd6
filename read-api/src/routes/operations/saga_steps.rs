//! GET /v1/operations/sagas/steps

use agrodeep_domain::order_fulfilment::StepName;
use agrodeep_event_store::SharedLog;
use agrodeep_http::{Allowed, MinPosition, Problem, StrictQuery, TokenVerifier};
use agrodeep_projections::Model;
use axum::{
    Json,
    extract::{FromRef, State},
    http::header,
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{Reading, unanswered},
    routes::Refusals,
    saga::pauses::Pauses,
    scope::Operators,
    views::saga::{SagaStepItem, SagaStepList},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    SharedLog: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(saga_steps))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// Every step of the protocol: of how many orders it is open or parked, and whether it is paused for all.
#[utoipa::path(
    get, path = "/v1/operations/sagas/steps", tag = "operations", security(("bearer" = [])),
    params(
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "The steps at this moment", body = SagaStepList), Refusals),
)]
async fn saga_steps(
    _: Allowed<Operators>,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    min: MinPosition,
    State(reading): State<Reading>,
    State(log): State<SharedLog>,
) -> Result<impl IntoResponse, Problem> {
    let pauses = Pauses::load(&log).await?;
    let models = reading.at(min, &[Model::Sagas]).await?;
    let counts = models.saga_steps().await.map_err(unanswered)?;
    let data = StepName::all().map(|step| SagaStepItem::of(step, &counts, pauses.0.get(&step).cloned()));
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(SagaStepList { data: data.collect() })))
}
