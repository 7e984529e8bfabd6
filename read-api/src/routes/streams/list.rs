//! GET /v1/streams

use agrodeep_event_store::{RecordedEvent, StreamId};
use agrodeep_http::{Allowed, MinPosition, Problem, StrictQuery, TokenVerifier, query};
use axum::{
    Json,
    extract::{FromRef, OriginalUri, State},
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::next_link;
use crate::{
    event_streams::{EventStreams, StreamReaders, unreadable, view::subject},
    routes::Refusals,
};

/// The most streams of one answer.
const LIMIT_MAX: u32 = 500;

/// How many streams one answer has when nothing else is asked for.
const LIMIT_DEFAULT: u32 = 100;

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    EventStreams: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(streams))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StreamsParameters {
    /// Only streams of this kind of aggregate, for example `order`.
    aggregate_type: Option<String>,
    /// The most streams of one answer: at most 500, 100 by default.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the answer before.
    cursor: Option<String>,
}

/// Some streams.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamsView {
    /// The streams, in the order of their names.
    pub data: Vec<StreamView>,
    /// Where it goes on.
    pub meta: StreamsMeta,
}

/// Where streams go on.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamsMeta {
    /// The most streams of one answer.
    pub limit: u32,
    /// Send this as `cursor` for what comes next; null: there is nothing more.
    pub next_cursor: Option<String>,
}

/// One aggregate's stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamView {
    /// Its name: `<aggregate type>-<uuid>`.
    #[schema(example = "order-01890a5d-ac96-774b-bcce-b302099a8057")]
    pub stream: String,
    /// The kind of aggregate.
    #[schema(example = "order")]
    pub aggregate_type: String,
    /// The aggregate's id, as the other routes have it.
    #[schema(example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub subject: String,
    /// How many events it has.
    pub events: u64,
    /// The name of the last one.
    pub last_type: String,
    /// Where in the log that is.
    pub last_position: i64,
    /// When it happened.
    pub last_occurred_at: DateTime<Utc>,
}

impl From<RecordedEvent> for StreamView {
    fn from(last: RecordedEvent) -> Self {
        Self {
            stream: last.stream.to_string(),
            aggregate_type: last.stream.aggregate_type.to_string(),
            subject: subject(&last.stream),
            events: last.version,
            last_type: last.event_type,
            last_position: last.position.0,
            last_occurred_at: last.metadata.occurred_at,
        }
    }
}

/// The streams there are, each with how many events it has.
#[utoipa::path(
    get, path = "/v1/streams", tag = "events", security(("bearer" = [])),
    params(
        StreamsParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the log must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "The streams; `Link` leads to what comes next", body = StreamsView), Refusals),
)]
async fn streams(
    _: Allowed<StreamReaders>,
    StrictQuery(parameters): StrictQuery<StreamsParameters>,
    min: MinPosition,
    OriginalUri(uri): OriginalUri,
    State(streams): State<EventStreams>,
) -> Result<Response, Problem> {
    let limit = parameters.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(query::invalid("limit", format!("must be between 1 and {LIMIT_MAX}")));
    }
    if let Some(kind) = &parameters.aggregate_type
        && !streams.aggregate_types().contains(kind)
    {
        let known = streams.aggregate_types().iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(query::invalid("aggregate_type", format!("must be one of {known}")));
    }
    let after: Option<StreamId> = parameters
        .cursor
        .map(|cursor| cursor.parse())
        .transpose()
        .map_err(|_| query::invalid("cursor", "must be a next_cursor as it came"))?;
    let kind = parameters.aggregate_type.as_deref();
    let log = streams.at(min).await?;
    let mut found = log.last_events(after.as_ref(), kind, limit as usize + 1).await.map_err(unreadable)?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| has_more).map(|last| last.stream.to_string());
    let link = next_cursor.as_ref().and_then(|next| next_link(&uri, next));
    let data = found.into_iter().map(StreamView::from).collect();
    let mut response = Json(StreamsView { data, meta: StreamsMeta { limit, next_cursor } }).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
