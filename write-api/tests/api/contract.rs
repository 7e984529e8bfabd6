//! The contract that the API publishes of itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{app::App, every_route::routes, journey::Market};

#[tokio::test]
async fn the_contract_lists_every_route() {
    let app = App::start().await;
    let contract = app.get("/openapi.json").send().await.json;
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut listed = BTreeSet::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} says nothing");
            assert!(operation["responses"].as_object().is_some_and(|answers| !answers.is_empty()));
            listed.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let expected = [
        "DELETE /v1/admin/projections/{name}/rebuild",
        "DELETE /v1/products/{id}",
        "GET /.well-known/jwks.json",
        "GET /health",
        "GET /ready",
        "GET /v1/admin/projections/{name}/rebuild",
        "PATCH /v1/products/batch",
        "POST /v1/admin/parked/replay-all",
        "POST /v1/admin/parked/{projection}/{stream}/retry",
        "POST /v1/admin/parked/{projection}/{stream}/skip",
        "POST /v1/admin/projections/{name}/rebuild",
        "POST /v1/admin/projections/{name}/rebuild/stop",
        "POST /v1/admin/sagas/steps/{step}/pause",
        "POST /v1/admin/sagas/steps/{step}/resume",
        "POST /v1/admin/sagas/{order_id}/abandon",
        "POST /v1/admin/sagas/{order_id}/pause",
        "POST /v1/admin/sagas/{order_id}/resume",
        "POST /v1/admin/sagas/{order_id}/retry",
        "POST /v1/admin/sagas/{order_id}/skip",
        "POST /v1/auth/login",
        "POST /v1/auth/logout",
        "POST /v1/auth/refresh",
        "POST /v1/auth/register",
        "POST /v1/deliveries/{id}/assign",
        "POST /v1/deliveries/{id}/deliver",
        "POST /v1/deliveries/{id}/fail",
        "POST /v1/deliveries/{id}/pickup",
        "POST /v1/deliveries/{id}/positions",
        "POST /v1/orders",
        "POST /v1/orders/{id}/cancel",
        "POST /v1/orders/{id}/lines/{product_id}/cancel",
        "POST /v1/orders/{id}/lines/{product_id}/report",
        "POST /v1/orders/{id}/process",
        "POST /v1/payments/intent",
        "POST /v1/payments/simulator/confirm",
        "POST /v1/payments/webhook",
        "POST /v1/products",
        "PUT /v1/producers/me/delivery-terms",
        "PUT /v1/products/{id}",
    ];
    assert_eq!(listed, expected.into_iter().map(str::to_owned).collect());
}

#[tokio::test]
async fn every_reference_of_the_contract_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    found.insert(reference.clone());
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let app = App::start().await;
    let contract = app.get("/openapi.json").send().await.json;
    let mut found = BTreeSet::new();
    references(&contract, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(contract.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_bad_input_tests_leave_no_route_out() {
    let market = Market::open().await;
    let contract = market.app.get("/openapi.json").send().await.json;
    let listed: usize = contract["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().keys())
        .filter(|method| *method != "get")
        .count();
    // The webhook, whose body is the provider's and signed, has tests of its own.
    assert_eq!(routes(&market).await.len(), listed - 1);
}
