//! GET /v1/events

use agrodeep_http::{Allowed, MinPosition, Problem, StrictQuery, TokenVerifier};
use axum::{
    extract::{FromRef, OriginalUri, State},
    http::HeaderMap,
    response::Response,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    event_streams::{
        EventStreams, StreamReaders, accept::EventForm, parameters::EventParameters, unreadable,
    },
    routes::{
        Refusals,
        streams::{EventsView, answer},
    },
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    EventStreams: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(events))
}

/// The log: every event that passes the filters, from any position or time, forwards or backwards.
///
/// `Accept` says in which form: `application/json` (pages), `application/x-ndjson` (all, one line each; the last line has
/// `end`: without it the stream was cut), `text/event-stream` (all, and then what happens; goes on after `Last-Event-ID`),
/// `application/cloudevents+json` (the first), `application/cloudevents-batch+json` (pages), `application/vnd.apache.parquet`
/// (all, as a table). What is personal is hidden from analysts; `masked` says where.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", security(("bearer" = [])),
    params(
        EventParameters,
        ("Last-Event-ID" = Option<String>, Header, description = "With `text/event-stream`: the `id` of the last message; what comes after it follows"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the log must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses(
        (status = 200, description = "The events; of pages, `Link` leads to what comes next", content(
            (EventsView = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/event-stream"),
            (serde_json::Value = "application/cloudevents+json"),
            (Vec<serde_json::Value> = "application/cloudevents-batch+json"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 406, description = "`Accept` has none of the forms"),
        Refusals,
    ),
)]
async fn events(
    allowed: Allowed<StreamReaders>,
    form: EventForm,
    StrictQuery(parameters): StrictQuery<EventParameters>,
    min: MinPosition,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    State(streams): State<EventStreams>,
) -> Result<Response, Problem> {
    let head = streams.at(min).await?.head().await.map_err(unreadable)?;
    let wanted = parameters.parse(&streams, form, &headers, head)?;
    answer(&streams, &allowed.0, form, wanted, &uri).await
}
