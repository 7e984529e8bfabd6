//! Reading what one has written.

use std::time::{Duration, Instant};

use crate::{
    people::{ADMIN, BUYER},
    story::{Tale, catalogue, tomatoes},
    world::World,
};

fn routes() -> Vec<(String, &'static str)> {
    let tale = Tale::new(1);
    vec![
        ("/v1/auth/me".to_owned(), "accounts"),
        ("/v1/products".to_owned(), "products"),
        (format!("/v1/products/{}", tomatoes()), "products"),
        ("/v1/search?q=tomate".to_owned(), "search"),
        ("/v1/products/search?q=tomate".to_owned(), "search"),
        ("/v1/orders".to_owned(), "orders"),
        (format!("/v1/orders/{}", tale.order_id()), "orders"),
        (format!("/v1/orders/{}?version=1", tale.order_id()), "order_history"),
        (format!("/v1/orders/{}/history", tale.order_id()), "orders"),
        (format!("/v1/deliveries/{}/track", tale.delivery_id(1)), "deliveries"),
    ]
}

#[tokio::test]
async fn a_query_that_its_read_model_cannot_answer_in_time_says_which_is_behind_and_by_how_much() {
    let world = World::without_projections().await;
    world.happen_all(catalogue()).await;
    for (path, model) in routes() {
        let since = Instant::now();
        let answer = world.get(ADMIN, &path).await;
        let problem = answer.problem(503);
        assert_eq!(problem["error"], "read_model_behind", "{path}");
        assert_eq!(problem["model"], model, "{path}");
        assert_eq!(problem["behind_events"], 12, "{path}");
        assert_eq!(problem["cause"], "stopped", "{path}");
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.header("preference-applied"), "", "nobody has asked for it");
        assert!(since.elapsed() < Duration::from_secs(5), "{path} took {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn without_a_position_a_query_does_not_wait() {
    let world = World::without_projections().await;
    world.happen_all(catalogue()).await;
    let answer = world.send("/v1/products", &[("authorization", format!("Bearer {}", BUYER.token()))]).await;
    assert_eq!(answer.ok()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn a_query_waits_until_what_was_written_can_be_read() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    // Each answer is asked for at the very moment after its event was appended.
    for (version, happening) in [(1, tale.placed()), (2, tale.payment_requested()), (3, tale.captured())] {
        world.happen(happening).await;
        let order = world.get(BUYER, &format!("/v1/orders/{}", tale.order_id())).await.ok();
        assert_eq!(order["version"], version);
        let history = world.get(BUYER, &format!("/v1/orders/{}/history", tale.order_id())).await.ok();
        assert_eq!(history["data"].as_array().unwrap().len(), version);
    }
}

#[tokio::test]
async fn an_account_that_is_not_projected_yet_is_asked_to_come_again() {
    let world = World::without_projections().await;
    let answer = world.send("/v1/auth/me", &[("authorization", format!("Bearer {}", BUYER.token()))]).await;
    assert_eq!(answer.problem(503)["error"], "read_model_behind");
}

#[tokio::test]
async fn a_client_says_how_long_it_waits() {
    let world = World::without_projections().await;
    world.happen_all(catalogue()).await;
    let ask = async |prefer: &str| {
        let token = ("authorization", format!("Bearer {}", ADMIN.token()));
        let min = ("agrodeep-min-position", "12".to_owned());
        let since = Instant::now();
        let answer = world.send("/v1/products", &[token, min, ("prefer", prefer.to_owned())]).await;
        (answer, since.elapsed())
    };
    let (answer, took) = ask("wait=0").await;
    assert_eq!(answer.problem(503)["error"], "read_model_behind");
    assert_eq!(answer.header("preference-applied"), "wait=0");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (answer, took) = ask("respond-async, wait=4").await;
    answer.problem(503);
    assert_eq!(answer.header("preference-applied"), "wait=4");
    assert!(took >= Duration::from_secs(4), "{took:?}");
    // A preference that is none is ignored.
    let (answer, _) = ask("wait=soon").await;
    answer.problem(503);
    assert_eq!(answer.header("preference-applied"), "");
}

#[tokio::test]
async fn a_position_beyond_the_log_is_refused_without_waiting_for_it() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let token = ("authorization", format!("Bearer {}", ADMIN.token()));
    let far = ("agrodeep-min-position", "9223372036854775807".to_owned());
    let prefer = ("prefer", "wait=30".to_owned());
    let since = Instant::now();
    let answer = world.send("/v1/products", &[token, far, prefer]).await;
    let problem = answer.problem(400);
    assert_eq!(problem["error"], "invalid_header");
    assert_eq!(problem["errors"][0]["header"], "Agrodeep-Min-Position");
    assert!(since.elapsed() < Duration::from_secs(20));
}
