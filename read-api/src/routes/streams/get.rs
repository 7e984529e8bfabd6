//! GET /v1/streams/{stream}

use agrodeep_http::{Allowed, MinPosition, Problem, StrictQuery, TokenVerifier};
use axum::{
    extract::{FromRef, OriginalUri, Path, State},
    http::HeaderMap,
    response::Response,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{EventsView, answer};
use crate::{
    event_streams::{
        EventStreams, StreamReaders,
        accept::EventForm,
        parameters::{EventParameters, StreamParameters, parse_stream},
        unreadable,
    },
    routes::Refusals,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    EventStreams: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(stream))
}

/// The events of one stream, in the same forms and with the same filters as the log's.
#[utoipa::path(
    get, path = "/v1/streams/{stream}", tag = "events", security(("bearer" = [])),
    params(
        ("stream" = String, Path, description = "`<aggregate type>-<uuid>`, or an id as `ord_…`, `prod_…`, `dlv_…`, `usr_…`", example = "ord_01h455vb4pex5vsknk084sn02q"),
        StreamParameters,
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
async fn stream(
    allowed: Allowed<StreamReaders>,
    Path(name): Path<String>,
    form: EventForm,
    StrictQuery(parameters): StrictQuery<StreamParameters>,
    min: MinPosition,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    State(streams): State<EventStreams>,
) -> Result<Response, Problem> {
    let stream = parse_stream(&name)?;
    let log = streams.at(min).await?;
    let head = log.head().await.map_err(unreadable)?;
    let mut wanted = EventParameters::from(parameters).parse(&streams, form, &headers, head)?;
    if log.load_page(&stream, 0, 1).await.map_err(unreadable)?.is_empty() {
        return Err(Problem::not_found("there is no such stream"));
    }
    wanted.selection.filter.stream = Some(stream);
    answer(&streams, &allowed.0, form, wanted, &uri).await
}
