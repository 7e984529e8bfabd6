//! What is recommended to whom, and why.

use agrodeep_domain::{Language, LocalizedText, ProductId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    people::{ADMIN, BUYER, GROWER, OTHER_BUYER},
    story::{Tale, catalogue, honey, offered, tomatoes},
    world::World,
};

fn ids(found: &Value) -> Vec<&str> {
    found["data"].as_array().unwrap().iter().map(|item| item["product"]["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_buyer_is_told_what_goes_with_what_they_have_bought() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let name = LocalizedText::parse([(Language::En, "Carrots".to_owned())].into(), 200).unwrap();
    let carrots = ProductId::from_uuid(Uuid::now_v7());
    world.happen(offered(carrots, GROWER, name, "cat_vegetables", 120, 9)).await;
    let (tomatoes, honey, carrots) = (tomatoes().to_string(), honey().to_string(), carrots.to_string());

    let answer = world.get(OTHER_BUYER, "/v1/ai/recommendations").await;
    assert_eq!(answer.header("cache-control"), "private, max-age=60");
    let nothing_known = answer.ok();
    assert_eq!(nothing_known["meta"], json!({ "based_on": "popularity", "orders_known": 0 }));
    assert_eq!(nothing_known["data"].as_array().unwrap().len(), 3);

    // Tomatoes and honey in one order, long ago by the clock of whoever asks.
    world.happen_all(Tale::new(1).until_confirmed()).await;
    let found = world.get(OTHER_BUYER, "/v1/ai/recommendations?limit=2").await.ok();
    assert_eq!(found["data"].as_array().unwrap().len(), 2);
    assert!(!ids(&found).contains(&carrots.as_str()), "{found}");
    assert_eq!(found["data"][0]["reason"], "popularity");

    let found = world.get(BUYER, "/v1/ai/recommendations").await.ok();
    assert_eq!(found["meta"], json!({ "based_on": "bought_together", "orders_known": 1 }));
    assert_eq!(found["data"].as_array().unwrap().len(), 3);
    for item in &found["data"].as_array().unwrap()[..2] {
        assert_eq!((&item["reason"], &item["bought_before"]), (&json!("bought_together"), &json!(1)));
        let other = if item["product"]["id"] == tomatoes.as_str() { &honey } else { &tomatoes };
        assert_eq!(item["because_of"], other.as_str());
        assert!(item["product"]["producer"]["company"].is_string());
    }
    let last = &found["data"][2];
    assert_eq!((&last["reason"], &last["because_of"]), (&json!("popularity"), &Value::Null));
    assert_eq!(last["product"]["id"], carrots.as_str());
}

#[tokio::test]
async fn only_buyers_are_recommended_anything_and_only_so_much() {
    let world = World::new().await;
    assert_eq!(world.get(ADMIN, "/v1/ai/recommendations").await.problem(403)["error"], "forbidden");
    for (query, name) in
        [("limit=0", "limit"), ("limit=51", "limit"), ("limit=-1", "limit"), ("page=1", "page")]
    {
        let problem = world.get(BUYER, &format!("/v1/ai/recommendations?{query}")).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], name, "{query}");
    }
    assert_eq!(world.get(BUYER, "/v1/ai/recommendations").await.ok()["data"], json!([]));
}
