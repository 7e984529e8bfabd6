//! How the read models are, and what is parked.

use agrodeep_domain::{Actor, Aggregate, Product};
use agrodeep_event_store::StreamId;
use serde_json::json;

use crate::{
    people::{ADMIN, BUYER},
    story::{catalogue, tomatoes},
    world::{World, happens_to},
};

#[tokio::test]
async fn an_admin_sees_how_each_read_model_is() {
    let world = World::with_index().await;
    world.happen_all(catalogue()).await;
    // Waits until all is there.
    world.get(ADMIN, "/v1/search?q=tomate").await.ok();
    world.get(ADMIN, "/v1/orders").await.ok();
    let answer = world.get(ADMIN, "/v1/operations/projections").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = answer.ok();
    let all = answer["data"].as_array().unwrap();
    assert_eq!(all.len(), 8);
    for one in all
        .iter()
        .filter(|one| ["orders", "products", "search"].contains(&one["projection"].as_str().unwrap()))
    {
        assert_eq!(one["state"], "live", "{one}");
        assert_eq!((&one["position"], &one["head"]), (&json!(12), &json!(12)), "{one}");
        assert_eq!((&one["events_behind"], &one["parked_aggregates"]), (&json!(0), &json!(0)), "{one}");
    }
    assert_eq!(world.get(BUYER, "/v1/operations/projections").await.problem(403)["error"], "forbidden");
    assert_eq!(world.get(BUYER, "/v1/operations/parked").await.problem(403)["error"], "forbidden");
}

#[tokio::test]
async fn what_nobody_works_on_is_stopped_and_behind() {
    let world = World::without_projections().await;
    world.happen_all(catalogue()).await;
    let headers = [("authorization", format!("Bearer {}", ADMIN.token()))];
    let answer = world.send("/v1/operations/projections", &headers).await.ok();
    let orders = answer["data"].as_array().unwrap().iter().find(|one| one["projection"] == "orders").unwrap();
    assert_eq!((&orders["state"], &orders["events_behind"]), (&json!("stopped"), &json!(12)));
    assert_eq!(orders["seconds_to_catch_up"], json!(null));
}

#[tokio::test]
async fn what_is_parked_is_shown_without_its_content_and_reading_it_says_so() {
    let world = World::with_index().await;
    world.happen_all(catalogue()).await;
    let stream = StreamId::new(Product::TYPE, tomatoes().uuid());
    let secret = json!({ "ProductPainted": { "painter": "marie@ferme.example" } });
    world.happen(happens_to(stream.clone(), Actor::system("test"), "ProductPainted", &secret)).await;
    world.happen(happens_to(stream.clone(), Actor::system("test"), "ProductPainted", &secret)).await;

    // Whoever has written it is not shown an old state, nor made to wait.
    let problem = world.get(ADMIN, &format!("/v1/products/{}", tomatoes())).await;
    assert_eq!(problem.header("retry-after"), "60");
    let problem = problem.problem(503);
    assert_eq!((&problem["model"], &problem["cause"]), (&json!("products"), &json!("parked")));
    let problem = world.get(ADMIN, "/v1/search?q=tomate").await.problem(503);
    assert_eq!(problem["cause"], "parked");

    let answer = world.get(ADMIN, "/v1/operations/parked?projection=products&limit=5").await.ok();
    assert_eq!(answer["meta"]["total"], 1);
    let parked = &answer["data"][0];
    assert_eq!(parked["stream"], stream.to_string());
    assert_eq!((&parked["event_type"], &parked["waiting"]), (&json!("ProductPainted"), &json!(1)));
    assert_eq!(parked["error_class"], "unknown_event");
    let of_index = world.get(ADMIN, "/v1/operations/parked?projection=search").await.ok();
    assert_eq!(of_index["data"][0]["stream"], stream.to_string());
    let one = world.get(ADMIN, &format!("/v1/operations/parked/products/{stream}")).await.ok();
    assert_eq!(one["events"].as_array().unwrap().len(), 2);
    assert_eq!(one["decisions"], json!([]));
    for text in [answer.to_string(), one.to_string(), of_index.to_string()] {
        assert!(!text.contains("marie"), "{text}");
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let world = World::new().await;
    let ask = |path: &'static str| world.get(ADMIN, path);
    let problem = ask("/v1/operations/parked?projection=order").await.problem(400);
    assert_eq!(problem["errors"][0]["parameter"], "projection");
    assert!(problem["detail"].as_str().unwrap().contains("order_history"), "{problem}");
    for path in ["?limit=0", "?page=1000000000", "?colour=red", "?limit=101"] {
        let path = format!("/v1/operations/parked{path}");
        assert_eq!(world.get(ADMIN, &path).await.problem(400)["error"], "invalid_query", "{path}");
    }
    for path in [
        "nothing/order-1",
        "orders/order-1",
        "orders/%00-x",
        "orders/order-01919d2e-6a4b-7c11-9d3e-2f0a55b2c001",
    ] {
        let path = format!("/v1/operations/parked/{path}");
        assert_eq!(world.get(ADMIN, &path).await.problem(404)["error"], "not_found", "{path}");
    }
}
