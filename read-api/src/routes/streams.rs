//! `/v1/streams`, and what it shares with `/v1/events`.

pub mod get;
pub mod list;

use std::time::{Duration, SystemTime};

use agrodeep_event_store::Replay;
use agrodeep_http::{Problem, SignedIn};
use axum::{
    Json,
    body::Body,
    http::{HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use futures::Stream;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::event_streams::{
    EventStreams,
    accept::EventForm,
    cloud_events::cloud_event,
    ndjson,
    page::{Page, page},
    parameters::Wanted,
    parquet, sse, unreadable,
    view::{EventView, Unshowable, Viewer},
};

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsView<'a> {
    /// The events, in the order that was asked for.
    pub data: Vec<EventView<'a>>,
    /// Where it goes on.
    pub meta: EventsMeta,
}

/// Where events go on.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsMeta {
    /// The most events of one answer. It may have fewer, and still there is more: see `next_cursor`.
    pub limit: u64,
    /// Send this as `cursor` for what comes next; null: there is nothing more yet.
    pub next_cursor: Option<String>,
    /// Up to here everything has been looked at.
    pub position: i64,
}

/// The events that are wanted, in the form that is wanted.
pub(super) async fn answer(
    streams: &EventStreams,
    user: &SignedIn,
    form: EventForm,
    wanted: Wanted,
    uri: &Uri,
) -> Result<Response, Problem> {
    let viewer = streams.viewer(user);
    let Wanted { selection, limit } = wanted;
    let open = streams.open(form.media_type())?;
    let replay = streams.replay(selection).await?;
    let stop = streams.stop();
    match form {
        EventForm::Ndjson => Ok(streamed(form, ndjson::lines(replay, viewer, limit, stop, open))),
        EventForm::Parquet => {
            let file = parquet::file(replay, viewer, limit, stop, open).map_err(|error| {
                tracing::error!(%error, "no file of events can be written");
                Problem::internal()
            })?;
            let mut response = streamed(form, file);
            let name = HeaderValue::from_static("attachment; filename=\"events.parquet\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            Ok(response)
        }
        EventForm::Sse => {
            let live = sse::Live {
                log: streams.log(),
                heartbeat: streams.heartbeat(),
                until: token_end(user),
                replay,
                viewer,
                stop,
                _open: open,
            };
            Ok(streamed(form, sse::messages(live)))
        }
        EventForm::Page | EventForm::CloudEvents | EventForm::CloudEvent => {
            paged(replay, &viewer, form, limit.unwrap_or(1), uri).await
        }
    }
}

async fn paged(
    mut replay: Replay,
    viewer: &Viewer,
    form: EventForm,
    limit: u64,
    uri: &Uri,
) -> Result<Response, Problem> {
    let Page { events, reached, has_more } =
        page(&mut replay, usize::try_from(limit).unwrap_or(usize::MAX)).await.map_err(unreadable)?;
    let views =
        events.iter().map(|event| viewer.view(event)).collect::<Result<Vec<_>, _>>().map_err(damaged)?;
    let next_cursor = has_more.then(|| reached.to_string());
    let link = next_cursor.as_ref().and_then(|next| next_link(uri, next));
    let mut response = match form {
        EventForm::CloudEvent => {
            let first = views.first().ok_or_else(|| Problem::not_found("there is no such event"))?;
            Json(cloud_event(first)).into_response()
        }
        EventForm::CloudEvents => Json(views.iter().map(cloud_event).collect::<Vec<_>>()).into_response(),
        _ => {
            let meta = EventsMeta { limit, next_cursor, position: reached.0 };
            Json(EventsView { data: views, meta }).into_response()
        }
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, authorization"));
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The same request, from the cursor on.
fn next_link(uri: &Uri, cursor: &str) -> Option<HeaderValue> {
    let others: String = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("cursor"))
        .fold(String::new(), |all, pair| all + "&" + pair);
    HeaderValue::from_str(&format!("<{}?cursor={cursor}{others}>; rel=\"next\"", uri.path())).ok()
}

fn streamed(
    form: EventForm,
    chunks: impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static,
) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form.media_type())),
        (header::VARY, HeaderValue::from_static("accept, authorization")),
        // Or a proxy would keep what should come at once.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

/// When the user's token expires. Who goes on listening has to show a new one.
fn token_end(user: &SignedIn) -> Instant {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Instant::now() + Duration::from_secs(user.expires_at).saturating_sub(now)
}

fn damaged(error: Unshowable) -> Problem {
    tracing::error!(position = error.0.0, "an event cannot be shown");
    Problem::internal()
}
