//! The frame around every route, and the routes that every service has.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use agrodeep_domain::Role;
use agrodeep_http::{
    Allowed, KeySource, PathId, Problem, PublicKey, Readiness, Roles, ServiceRoutes, StrictJson,
    TokenVerifier, json::NoFields, token::KeySourceError,
};
use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    http::{Request, Response, StatusCode, header},
    routing::{get, post},
};
use serde_json::Value;
use tower::ServiceExt;
use utoipa::openapi::OpenApi;

struct NoKeys;

#[async_trait::async_trait]
impl KeySource for NoKeys {
    async fn keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        Ok(vec![])
    }
}

struct AdminsOnly;

impl Roles for AdminsOnly {
    const ROLES: &'static [Role] = &[Role::Admin];
}

fn app(readiness: Readiness) -> Router {
    let api = Router::new()
        .route("/fine", get(|| async { "fine" }))
        .route("/panic", get(|| async { assert!(AdminsOnly::ROLES.is_empty(), "on purpose") }))
        .route(
            "/products/{id}",
            get(|PathId(id): PathId<agrodeep_domain::ProductId>| async move { id.to_string() }),
        )
        .route("/body", post(|_: StrictJson<NoFields>| async { StatusCode::NO_CONTENT }))
        .route("/secret", get(|_: Allowed<AdminsOnly>| async { "secret" }))
        .route(
            "/refused",
            get(|| async { Problem::conflict("already_shipped", "too late").with("reason", "x") }),
        )
        .layer(DefaultBodyLimit::max(100))
        .with_state(TokenVerifier::new(Arc::new(NoKeys), "i", "a"));
    ServiceRoutes { name: "test", readiness, metrics: None }.around(api, OpenApi::default())
}

async fn ask(request: Request<Body>) -> Response<Body> {
    app(Readiness::new()).oneshot(request).await.unwrap()
}

async fn get_path(path: &str) -> Response<Body> {
    ask(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn json(response: Response<Body>) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn post_body(content_type: &str, body: impl Into<Body>) -> Response<Body> {
    ask(Request::post("/body").header("content-type", content_type).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn every_answer_carries_the_request_id_the_trace_and_the_security_headers() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = Request::get("/fine").header("x-request-id", "mine").header("traceparent", trace);
    let answer = ask(request.body(Body::empty()).unwrap()).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-request-id"), "mine");
    assert!(header("traceparent").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
    assert_ne!(header("traceparent"), trace);
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert!(answer.headers().get("server").is_none());
}

#[tokio::test]
async fn what_no_route_answers_is_a_problem() {
    let answer = get_path("/nowhere").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem = json(answer).await;
    assert_eq!(problem["instance"], id.as_str());
    assert_eq!(problem["error"], "not_found");

    let answer = ask(Request::delete("/fine").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 405);
    assert!(answer.headers()[header::ALLOW].to_str().unwrap().contains("GET"));
    assert_eq!(json(answer).await["error"], "method_not_allowed");
}

#[tokio::test]
async fn a_panic_is_our_fault_and_tells_nothing() {
    let answer = get_path("/panic").await;
    assert_eq!(answer.status(), 500);
    let problem = json(answer).await;
    assert_eq!(problem["error"], "internal_error");
    assert!(!problem.to_string().contains("on purpose"));
    assert!(problem["instance"].is_string());
}

#[tokio::test]
async fn a_problem_keeps_what_it_says_beside_the_standard() {
    let problem = json(get_path("/refused").await).await;
    assert_eq!(problem["reason"], "x");
    assert_eq!(problem["title"], "Already shipped");
}

#[tokio::test]
async fn an_id_that_is_none_names_nothing() {
    assert_eq!(get_path("/products/prod_01h455vb4pex5vsknk084sn02q").await.status(), 200);
    for id in ["x", "ord_01h455vb4pex5vsknk084sn02q", "%FF", "prod_%00", "prod_01h455vb4pex5vsknk084sn02Q"] {
        assert_eq!(get_path(&format!("/products/{id}")).await.status(), 404, "{id}");
    }
}

#[tokio::test]
async fn a_body_must_be_json_of_the_right_size() {
    assert_eq!(post_body("application/json", "{}").await.status(), 204);
    assert_eq!(post_body("Application/JSON; charset=utf-8", "{}").await.status(), 204);
    assert_eq!(post_body("text/plain", "{}").await.status(), 415);
    assert_eq!(post_body("application/json", " ".repeat(101)).await.status(), 413);
    assert_eq!(post_body("application/json", "").await.status(), 400);
    assert_eq!(post_body("application/json", &b"\xff"[..]).await.status(), 400);
    assert_eq!(post_body("application/json", "{\"a\":1}").await.status(), 422);
}

#[tokio::test]
async fn without_a_token_that_counts_nobody_comes_in() {
    let answer = get_path("/secret").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"agrodeep\"");
    assert_eq!(json(answer).await["error"], "missing_token");
    for value in ["Bearer", "Bearer ", "Bearer a.b.c", "Basic YTpi", "Bearer \u{e9}"] {
        let request = Request::get("/secret").header("authorization", value.as_bytes());
        let answer = ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 401, "{value}");
        assert_eq!(json(answer).await["error"], "invalid_token");
    }
}

#[tokio::test]
async fn a_service_says_how_it_is() {
    let health = json(get_path("/health").await).await;
    assert_eq!(health["status"], "ok");
    assert!(health["uptime"].is_u64());
    assert!(health["timestamp"].is_string());
    assert_eq!(json(get_path("/ready").await).await["status"], "ready");
}

#[tokio::test]
async fn a_service_that_is_not_ready_says_what_it_lacks() {
    let readiness = Readiness::new()
        .check("postgres", || async { Err("connection refused".to_owned()) })
        .check("index", || async { Ok(()) });
    let answer = app(readiness).oneshot(Request::get("/ready").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 503);
    let problem = json(answer).await;
    assert_eq!(problem["checks"]["postgres"], "failing");
    assert_eq!(problem["checks"]["index"], "ok");
    assert!(!problem.to_string().contains("refused"));
}

#[tokio::test]
async fn the_contract_and_a_page_to_try_it_are_there_and_need_nothing_from_elsewhere() {
    let contract = json(get_path("/openapi.json").await).await;
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(contract["paths"]["/health"].is_object());
    assert_eq!(contract["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");

    let page = get_path("/docs/").await;
    assert_eq!(page.status(), 200);
    let bytes = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("swagger-ui"));
    assert!(!text.contains("src=\"http") && !text.contains("href=\"http"), "{text}");
    assert_eq!(get_path("/docs/swagger-ui-bundle.js").await.status(), 200);
}
