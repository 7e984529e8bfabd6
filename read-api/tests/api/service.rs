//! Whether the service says truly how it is.

use serde_json::json;

use crate::{people::ADMIN, story::catalogue, world::World};

#[tokio::test]
async fn a_service_that_lives_says_so_to_anybody() {
    let world = World::new().await;
    let health = world.send("/health", &[]).await.ok();
    assert_eq!(health["status"], "ok");
}

#[tokio::test]
async fn a_service_that_has_what_it_needs_is_ready() {
    let world = World::with_index().await;
    world.happen_all(catalogue()).await;
    world.get(ADMIN, "/v1/search?q=tomate").await.ok();
    let ready = world.send("/ready", &[]).await.ok();
    assert_eq!(ready["checks"], json!({ "database": "ok", "projections": "ok", "index": "ok" }));
}

#[tokio::test]
async fn a_service_whose_read_models_are_far_behind_is_not_ready() {
    let world = World::without_projections().await;
    world.happen_all(catalogue()).await;
    let answer = world.send("/ready", &[]).await;
    let problem = answer.problem(503);
    assert_eq!(problem["error"], "not_ready");
    assert_eq!(problem["checks"], json!({ "database": "ok", "projections": "failing", "index": "failing" }));
}

#[tokio::test]
async fn a_service_without_its_database_is_not_ready_and_says_503_not_500() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    world.get(ADMIN, "/v1/products").await.ok();
    world.database.read_pool().close().await;
    let problem = world.send("/ready", &[]).await.problem(503);
    assert_eq!(problem["checks"]["database"], "failing");
    let headers = [("authorization", format!("Bearer {}", ADMIN.token()))];
    let problem = world.send("/v1/products", &headers).await.problem(503);
    assert_eq!(problem["error"], "read_models_unavailable");
}
