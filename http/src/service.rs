//! What every service answers beside its API: whether it lives, whether it is ready, its figures, its contract.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    routing::get,
};
use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, join_all};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::{
    ToSchema,
    openapi::{
        OpenApi,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{observe::observed, problem::Problem};

/// How long a dependency may take to say that it is well.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What a service needs to be ready: named checks, asked each time.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
}

impl Readiness {
    /// Nothing is needed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check. Its error is for the log; clients see only the name.
    #[must_use]
    pub fn check<F>(mut self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push((name, Arc::new(move || Box::pin(check()))));
        self
    }
}

/// The routes that every service has, and the frame around them all.
pub struct ServiceRoutes {
    /// The name of the service in figures and logs.
    pub name: &'static str,
    /// What it needs.
    pub readiness: Readiness,
    /// Where figures come from; without, `/metrics` is 404.
    pub metrics: Option<PrometheusHandle>,
}

#[derive(Clone)]
struct ServiceState {
    started: Instant,
    readiness: Readiness,
}

impl ServiceRoutes {
    /// Adds the service's own routes to an API: `/health`, `/ready`, `/metrics`, `/openapi.json`, `/docs`; and puts it all
    /// into its frame ([`observed`]).
    pub fn around(self, api: Router, openapi: OpenApi) -> Router {
        let (router, openapi) = Self::documented(openapi);
        let json: Arc<str> = openapi.to_json().unwrap_or_default().into();
        let state = ServiceState { started: Instant::now(), readiness: self.readiness };
        let mut service = router.with_state(state).route(
            "/openapi.json",
            get(move || {
                let json = json.to_string();
                async move { ([(header::CONTENT_TYPE, "application/json")], json) }
            }),
        );
        if let Some(metrics) = self.metrics {
            service = service.route(
                "/metrics",
                get(move || {
                    let text = metrics.render();
                    async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
                }),
            );
        }
        observed(api.merge(service).merge(docs()), self.name)
    }

    /// The contract of a whole service: that of its API with the service's own routes.
    pub fn openapi(api: OpenApi) -> OpenApi {
        Self::documented(api).1
    }

    fn documented(api: OpenApi) -> (Router<ServiceState>, OpenApi) {
        let (router, mut openapi) =
            OpenApiRouter::with_openapi(api).routes(routes!(health)).routes(routes!(ready)).split_for_parts();
        let bearer =
            SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
        openapi.components.get_or_insert_default().add_security_scheme("bearer", bearer);
        (router, openapi)
    }
}

/// The page to try the API at. Everything it loads comes from here.
fn docs() -> Router {
    let policy =
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
    Router::from(SwaggerUi::new("/docs").config(Config::from("/openapi.json"))).layer(
        axum::middleware::map_response(move |mut response: axum::response::Response| async move {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            response
        }),
    )
}

/// A service that lives.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`: a dead service says nothing.
    #[schema(example = "ok")]
    status: &'static str,
    /// Its clock.
    timestamp: DateTime<Utc>,
    /// For how many seconds it has been running.
    uptime: u64,
}

/// Whether the service lives.
#[utoipa::path(get, path = "/health", tag = "service", responses((status = 200, description = "It lives", body = Health)))]
async fn health(State(state): State<ServiceState>) -> Json<Health> {
    Json(Health { status: "ok", timestamp: Utc::now(), uptime: state.started.elapsed().as_secs() })
}

/// A service that can do its work.
#[derive(Serialize, ToSchema)]
struct Ready {
    /// Always `ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What it needs, by name: `ok` each.
    checks: BTreeMap<&'static str, &'static str>,
}

/// Whether the service has what it needs.
#[utoipa::path(
    get, path = "/ready", tag = "service",
    responses(
        (status = 200, description = "It has what it needs", body = Ready),
        (status = 503, description = "Something is missing; `checks` says what", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ready(State(state): State<ServiceState>) -> Result<Json<Ready>, Problem> {
    let asked = state.readiness.checks.iter().map(|(name, check)| {
        let answer = check();
        async move {
            let result = tokio::time::timeout(CHECK_TIMEOUT, answer).await;
            let fault = match result {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(_) => Some("no answer in time".to_owned()),
            };
            if let Some(error) = &fault {
                tracing::warn!(check = name, error, "not ready");
            }
            (*name, if fault.is_none() { "ok" } else { "failing" })
        }
    });
    let checks: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
    let failing: Vec<_> = checks.iter().filter(|(_, state)| **state != "ok").map(|(name, _)| *name).collect();
    if failing.is_empty() {
        return Ok(Json(Ready { status: "ready", checks }));
    }
    Err(Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_ready",
        format!("failing: {}", failing.join(", ")),
    )
    .with("checks", serde_json::to_value(&checks).unwrap_or_default())
    .with_header(header::RETRY_AFTER, HeaderValue::from_static("1")))
}
