//! Products, searched.

use agrodeep_domain::{
    Product,
    product::{ProductDelisted, ProductRepriced},
};
use serde_json::{Value, json};

use crate::{
    people::{BEEKEEPER, BUYER, GROWER},
    story::{catalogue, eur, honey, tomatoes},
    world::{World, happens},
};

fn ids(found: &Value) -> Vec<&str> {
    found["data"].as_array().unwrap().iter().map(|product| product["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_product_is_found_by_the_words_that_people_type() {
    let world = World::with_index().await;
    world.happen_all(catalogue()).await;
    // Of two that cost the same, either may come first.
    world
        .happen(happens::<Product>(tomatoes().uuid(), GROWER.actor(), ProductRepriced { price: eur(440) }))
        .await;
    let (tomatoes, honey) = (tomatoes().to_string(), honey().to_string());
    let (tomatoes, honey) = (tomatoes.as_str(), honey.as_str());
    for (query, expected) in [
        ("q=tomate+bio", vec![tomatoes]),
        ("q=TOMATES&lang=fr", vec![tomatoes]),
        ("q=tomato&lang=en", vec![tomatoes]),
        ("q=chataignier", vec![honey]),
        ("q=ch%C3%A2taignier&sort=relevance", vec![honey]),
        ("q=bio&sort=newest", vec![honey, tomatoes]),
        ("q=bio&sort=price", vec![tomatoes, honey]),
        ("q=bio&category=vegetables", vec![tomatoes]),
        ("q=bio&is_organic=false", vec![honey]),
        ("q=bio&max_price=4.39", vec![]),
        ("q=bio&sort=newest&limit=1&page=2", vec![tomatoes]),
        ("q=zzzzzzzz", vec![]),
    ] {
        for path in ["/v1/products/search", "/v1/search"] {
            let found = world.get(BUYER, &format!("{path}?{query}")).await.ok();
            assert_eq!(ids(&found), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_search_says_how_it_went_and_what_the_results_have_in_common() {
    let world = World::with_index().await;
    world.happen_all(catalogue()).await;
    let answer = world.get(BUYER, "/v1/products/search?q=%20bio%20&limit=1&lang=fr").await;
    assert!(
        answer
            .header("link")
            .contains("</v1/products/search?page=2&q=%20bio%20&limit=1&lang=fr>; rel=\"next\""),
        "{}",
        answer.header("link")
    );
    let mut found = answer.ok();
    let took = found["meta"]["took_ms"].take();
    assert!(took.as_f64().is_some_and(|took| took >= 0.0), "{took}");
    assert_eq!(
        found["meta"],
        json!({
            "took_ms": null, "query": "bio", "suggestions": [], "current_page": 1, "last_page": 2, "total": 2,
            "per_page": 1,
        })
    );
    let facets = &found["facets"];
    assert_eq!(facets["tags"], json!([{ "tag": "bio", "count": 2 }]));
    for category in ["cat_vegetables", "cat_honey"] {
        let counted = json!({ "id": category, "count": 1 });
        assert!(facets["categories"].as_array().unwrap().contains(&counted), "{facets}");
    }
    for producer in [GROWER, BEEKEEPER] {
        let company = format!("Ferme de {}", producer.name);
        let counted = json!({ "id": producer.id().to_string(), "company": company, "count": 1 });
        assert!(facets["producers"].as_array().unwrap().contains(&counted), "{facets}");
    }
}

#[tokio::test]
async fn a_search_knows_what_its_client_has_written() {
    let world = World::with_index().await;
    world.happen_all(catalogue()).await;
    let found = world.get(GROWER, "/v1/search?q=tomate").await.ok();
    assert_eq!(found["data"][0]["price"], 4.5);
    world
        .happen(happens::<Product>(tomatoes().uuid(), GROWER.actor(), ProductRepriced { price: eur(980) }))
        .await;
    let found = world.get(GROWER, "/v1/search?q=tomate&min_price=9").await.ok();
    assert_eq!(found["data"][0]["price"], 9.8);
    world.happen(happens::<Product>(tomatoes().uuid(), GROWER.actor(), ProductDelisted {})).await;
    let found = world.get(GROWER, "/v1/search?q=tomate").await.ok();
    assert_eq!(found["meta"]["total"], 0);
    assert_eq!(found["data"], json!([]));
}
