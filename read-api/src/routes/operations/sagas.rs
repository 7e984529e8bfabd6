//! GET /v1/operations/sagas

use std::time::Duration;

use agrodeep_domain::order_fulfilment::Condition;
use agrodeep_event_store::SharedLog;
use agrodeep_http::{Allowed, MinPosition, Paged, Paging, Problem, StrictQuery, TokenVerifier, query};
use agrodeep_projections::{
    Model, Page,
    sagas::{SagaFilter, SagaPlace},
};
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
    saga::pauses::Pauses,
    scope::Operators,
    views::saga::SagaItem,
};

/// Nothing here is older: ten years.
const SECONDS_MAX: u64 = 10 * 365 * 24 * 60 * 60;

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    SharedLog: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(sagas))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SagasParameters {
    /// Only those in this state: `running`, `waiting`, `parked`, `paused`, `delivered`, `cancelled` or `written_off`; without it
    /// all that have not ended.
    #[param(example = "parked")]
    state: Option<String>,
    /// Only those that stand at this step or wait for this (`awaiting_payment`), or of which this step is open.
    #[param(example = "refund_payment")]
    step: Option<String>,
    /// Only those of which something waits for a person (`true`), or nothing does (`false`).
    parked: Option<bool>,
    /// Only those that began so many seconds ago, or longer.
    #[param(example = 3600)]
    min_age_seconds: Option<u64>,
    /// Only those that have stood where they stand for so many seconds, or longer.
    #[param(example = 600)]
    min_standing_seconds: Option<u64>,
    /// Which page, from 1.
    page: Option<u32>,
    /// How many items a page has: at most 100, 20 by default.
    limit: Option<u32>,
}

impl SagasParameters {
    fn filter(&self) -> Result<SagaFilter, Problem> {
        let condition: Option<Condition> = match &self.state {
            None => None,
            Some(state) => Some(state.parse().map_err(|error| query::invalid("state", format!("{error}")))?),
        };
        let step = match &self.step {
            None => None,
            Some(step) => Some(SagaPlace::named(step).ok_or_else(|| {
                query::invalid(
                    "step",
                    "must be the name of a step, such as refund_payment, or awaiting_payment",
                )
            })?),
        };
        Ok(SagaFilter {
            condition,
            step,
            parked: self.parked,
            age_min: seconds("min_age_seconds", self.min_age_seconds)?,
            standing_min: seconds("min_standing_seconds", self.min_standing_seconds)?,
        })
    }
}

fn seconds(name: &str, seconds: Option<u64>) -> Result<Option<Duration>, Problem> {
    match seconds {
        Some(too_many) if too_many > SECONDS_MAX => {
            Err(query::invalid(name, format!("must be at most {SECONDS_MAX}")))
        }
        seconds => Ok(seconds.map(Duration::from_secs)),
    }
}

/// The fulfilment of orders, those that have stood longest where they stand first.
#[utoipa::path(
    get, path = "/v1/operations/sagas", tag = "operations", security(("bearer" = [])),
    params(
        SagasParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "A page of sagas; `Link` leads to others", body = Paged<SagaItem>), Refusals),
)]
async fn sagas(
    _: Allowed<Operators>,
    StrictQuery(parameters): StrictQuery<SagasParameters>,
    min: MinPosition,
    OriginalUri(uri): OriginalUri,
    State(reading): State<Reading>,
    State(log): State<SharedLog>,
) -> Result<Response, Problem> {
    let paging = Paging::parse(parameters.page, parameters.limit)?;
    let filter = parameters.filter()?;
    let page = Page { page: paging.page, limit: paging.limit };
    let pauses = Pauses::load(&log).await?;
    let models = reading.at(min, &[Model::Sagas]).await?;
    let found = models.sagas(filter, page).await.map_err(unanswered)?;
    let is_paused = |step| pauses.holds_back(step);
    let data: Vec<_> = found.items.into_iter().map(|saga| SagaItem::of(saga, &is_paused)).collect();
    Ok(Paged { data, meta: paging.meta(found.total) }.into_response(&uri))
}
