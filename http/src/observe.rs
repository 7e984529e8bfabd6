//! Around every route: the request's ids and trace, figures, security headers, and problems for what no route answers.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::{
    context::{REQUEST_ID, RequestContext, TRACEPARENT},
    problem::Problem,
};

/// The buckets of `http_request_duration_seconds`.
pub const DURATION_BUCKETS_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The name of the request duration histogram, for whoever configures its buckets.
pub const DURATION_METRIC: &str = "http_request_duration_seconds";

/// Puts a whole API into its frame. Call it last, when all routes are there.
pub fn observed(router: Router, service: &'static str) -> Router {
    router
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(service, observe))
}

async fn no_such_route() -> Problem {
    Problem::not_found("there is no such route")
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this route does not have this method; see Allow",
    )
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that the layer wants")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a word");
    tracing::error!(panic = said, "a request made the service panic");
    Problem::internal().into_response()
}

async fn observe(State(service): State<&'static str>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = RequestContext::from_headers(request.headers());
    let method = method_label(request.method());
    // Never the path as sent: it holds ids, and whoever makes paths up would make up label values.
    let path = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "http_request",
        service,
        method,
        path,
        request_id = context.request_id,
        trace_id = %format_args!("{:032x}", context.trace.trace_id),
        span_id = %format_args!("{:016x}", context.trace.span_id),
        user_id = tracing::field::Empty,
    );
    request.extensions_mut().insert(context.clone());
    let response = next.run(request).instrument(span.clone()).await;
    let response = finished(response, &context);

    let status = response.status();
    let elapsed = started.elapsed();
    span.in_scope(|| {
        let milliseconds = elapsed.as_secs_f64() * 1000.0;
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), milliseconds, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), milliseconds, "answered");
        }
    });
    metrics::histogram!(DURATION_METRIC, "method" => method, "path" => path.clone(), "service" => service)
        .record(elapsed.as_secs_f64());
    metrics::counter!(
        "http_requests_total",
        "method" => method, "path" => path, "status" => status.as_str().to_owned(), "service" => service,
    )
    .increment(1);
    response
}

fn finished(mut response: Response, context: &RequestContext) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let body = problem.with_instance(&context.request_id).to_json();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(body);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(&context.traceparent()) {
        headers.insert(TRACEPARENT, value);
    }
    secure(headers);
    response
}

fn secure(headers: &mut HeaderMap) {
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    // Answers are for who asked; a route that may be cached says so itself.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.remove(header::SERVER);
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
