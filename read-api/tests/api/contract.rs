//! The contract says what there is.

use std::collections::BTreeSet;

use agrodeep_http::ServiceRoutes;
use agrodeep_read_api::openapi;
use serde_json::Value;

fn contract() -> Value {
    serde_json::to_value(ServiceRoutes::openapi(openapi())).unwrap()
}

#[test]
fn the_contract_has_every_route() {
    let contract = contract();
    assert_eq!(contract["openapi"], "3.1.0");
    let paths: BTreeSet<&str> = contract["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "/health",
        "/ready",
        "/v1/ai/recommendations",
        "/v1/auth/me",
        "/v1/deliveries/{id}/history/diff",
        "/v1/deliveries/{id}/track",
        "/v1/events",
        "/v1/operations/parked",
        "/v1/operations/parked/{projection}/{stream}",
        "/v1/operations/payments",
        "/v1/operations/projections",
        "/v1/operations/rebuilds",
        "/v1/operations/sagas",
        "/v1/operations/sagas/steps",
        "/v1/operations/sagas/{order_id}",
        "/v1/orders",
        "/v1/orders/{id}",
        "/v1/orders/{id}/history",
        "/v1/orders/{id}/history/diff",
        "/v1/producers/{id}/delivery-terms",
        "/v1/products",
        "/v1/products/search",
        "/v1/products/{id}",
        "/v1/products/{id}/history/diff",
        "/v1/search",
        "/v1/streams",
        "/v1/streams/{stream}",
    ];
    assert_eq!(paths, expected.into());
}

#[test]
fn every_query_is_documented_with_its_problems_and_needs_a_token() {
    let contract = contract();
    for (path, item) in contract["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/") {
            continue;
        }
        let operation = &item["get"];
        assert_eq!(operation["security"][0]["bearer"], serde_json::json!([]), "{path}");
        for status in ["200", "400", "401", "403", "404", "503"] {
            assert!(operation["responses"][status]["description"].is_string(), "{path} {status}");
        }
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path}");
        if path.starts_with("/v1/operations/") {
            // How things are at this moment, whatever was written.
            continue;
        }
        let parameters = operation["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|parameter| parameter["name"] == "Agrodeep-Min-Position"), "{path}");
    }
}

#[test]
fn every_schema_that_is_referred_to_is_there() {
    let contract = contract();
    let mut missing = Vec::new();
    collect(&contract, &mut |reference| {
        let name = reference.rsplit('/').next().unwrap();
        if contract["components"]["schemas"].get(name).is_none() {
            missing.push(reference.to_owned());
        }
    });
    assert!(missing.is_empty(), "{missing:?}");
}

fn collect(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(reference) if name == "$ref" => found(reference),
                    _ => collect(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}
