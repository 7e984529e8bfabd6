//! GET /v1/operations/sagas/{order_id}

use agrodeep_domain::{Aggregate, OrderFulfilment, OrderId};
use agrodeep_event_store::{SharedLog, StreamId};
use agrodeep_http::{Allowed, ETag, MinPosition, PathId, Problem, StrictQuery, TokenVerifier};
use axum::{
    Json,
    extract::{FromRef, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::Reading,
    routes::Refusals,
    saga::{
        SagaStory,
        diagram::{Diagram, svg, text},
        pauses::Pauses,
    },
    scope::Operators,
    time_travel::TimeTravelError,
    views::saga::SagaView,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    SharedLog: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(saga))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// In which form it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Svg,
    Text,
}

impl Form {
    /// The first of what is asked for that there is; JSON for whoever asks for nothing that there is.
    fn asked(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut types = accepts.flat_map(|value| value.split(','));
        types
            .find_map(|range| match range.split(';').next().unwrap_or_default().trim() {
                "application/json" => Some(Self::Json),
                "image/svg+xml" => Some(Self::Svg),
                "text/plain" => Some(Self::Text),
                _ => None,
            })
            .unwrap_or(Self::Json)
    }
}

/// The fulfilment of one order, whole, fresh from the log: its steps with their attempts, what it waits for, what people have
/// decided, and every event. `Accept: image/svg+xml` and `text/plain` give it as a picture.
#[utoipa::path(
    get, path = "/v1/operations/sagas/{order_id}", tag = "operations", security(("bearer" = [])),
    params(
        ("order_id" = String, Path, description = "The order", example = "ord_01h455vb4pex5vsknk084sn02q"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "All that is known of it; `ETag` is the version for `If-Match` of a decision",
        content((SagaView = "application/json"), (String = "image/svg+xml"), (String = "text/plain"))), Refusals),
)]
async fn saga(
    _: Allowed<Operators>,
    PathId(order_id): PathId<OrderId>,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    min: MinPosition,
    headers: HeaderMap,
    State(reading): State<Reading>,
    State(log): State<SharedLog>,
) -> Result<Response, Problem> {
    // No read model is asked: whatever is in the log is in the answer.
    reading.at(min, &[]).await?;
    let stream = StreamId::new(OrderFulfilment::TYPE, order_id.uuid());
    let events = log.load(&stream, 0).await.map_err(TimeTravelError::from)?;
    let story = SagaStory::of(events).map_err(TimeTravelError::from)?;
    let story = story.ok_or_else(|| Problem::not_found("no such order is being fulfilled"))?;
    let head = [(header::CACHE_CONTROL, "no-store"), (header::VARY, "accept, authorization")];
    let etag = ETag(story.version());
    Ok(match Form::asked(&headers) {
        Form::Json => {
            let pauses = Pauses::load(&log).await?;
            (etag, head, Json(SagaView::of(&story, &|step| pauses.holds_back(step)))).into_response()
        }
        Form::Svg => {
            (etag, head, [(header::CONTENT_TYPE, "image/svg+xml")], svg(&Diagram::of(&story))).into_response()
        }
        Form::Text => {
            let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (etag, head, plain, text(&Diagram::of(&story))).into_response()
        }
    })
}
