//! Against a real endpoint: Stripe's test mode, or Stripe's own mock (`stripe-mock`), which knows the whole API's parameters
//! and answers, but remembers nothing.
//!
//! `STRIPE_API_BASE` names it, `STRIPE_SECRET_KEY` holds the key; without them nothing is asked, and that is said.

use agrodeep_commands::payments::{
    gateway::{CreateIntent, GatewayKey, PaymentGateway},
    stripe::{API_VERSION, StripeGateway, StripeSettings},
};
use agrodeep_domain::OrderId;
use uuid::Uuid;

use super::{Stub, settings};
use crate::{
    gateway_conformance::{self, StripeLike, stripe_like},
    market::money,
};

fn endpoint() -> Option<(String, String)> {
    let Ok(base) = std::env::var("STRIPE_API_BASE") else {
        eprintln!("SKIPPED: STRIPE_API_BASE is not set, so no real Stripe-compatible endpoint was asked");
        return None;
    };
    let key = std::env::var("STRIPE_SECRET_KEY").unwrap_or_else(|_| "sk_test_123".to_owned());
    assert!(!key.contains("_live_"), "never with a live key");
    Some((base.trim_end_matches('/').to_owned(), key))
}

async fn is_stripe_mock(base: &str, key: &str) -> bool {
    let answer = reqwest::Client::new().get(format!("{base}/v1/payment_intents")).bearer_auth(key).send();
    answer.await.unwrap().headers().contains_key("stripe-mock-version")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_endpoint_conforms() {
    let Some((base, key)) = endpoint() else { return };
    if is_stripe_mock(&base, &key).await {
        what_is_sent_is_valid(&base, &key).await;
        what_is_answered_is_understood(base, key).await;
        return;
    }
    let settings = StripeSettings { api_base: base.clone(), ..StripeSettings::new(key.clone().into()) };
    let gateway = StripeGateway::new(settings).unwrap();
    // Test mode makes bank debits only of US accounts wait.
    gateway_conformance::all(&StripeLike { gateway, api_base: base, secret_key: key, can_wait: false }).await;
    eprintln!("the whole suite was run against a real endpoint");
}

/// Everything that the whole suite makes the adapter send is shown to stripe-mock, which checks it by Stripe's OpenAPI.
async fn what_is_sent_is_valid(base: &str, key: &str) {
    let stub = Stub::start().await;
    gateway_conformance::all(&stripe_like(&stub)).await;
    let mut checked = 0;
    for seen in stub.seen() {
        let method = reqwest::Method::from_bytes(seen.method.as_bytes()).unwrap();
        let mut request = reqwest::Client::new()
            .request(method, format!("{base}{}", seen.path))
            .bearer_auth(key)
            .header("stripe-version", API_VERSION);
        if seen.method == "POST" {
            request =
                request.header("content-type", "application/x-www-form-urlencoded").body(seen.body.clone());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{seen:?}: {}", answer.text().await.unwrap());
        checked += 1;
    }
    assert!(checked > 60, "{checked}");
    eprintln!("stripe-mock accepts all {checked} requests of the suite");
}

/// Whole objects, as Stripe makes them, are read.
async fn what_is_answered_is_understood(base: String, key: String) {
    let settings = StripeSettings { api_base: base.clone(), secret_key: key.into(), ..settings(base) };
    let gateway = StripeGateway::new(settings).unwrap();
    let order_id = OrderId::from_uuid(Uuid::now_v7());
    let request = CreateIntent { order_id, amount: money("13.50 EUR") };
    let intent = gateway.create_intent(&request, &GatewayKey::charge(order_id)).await.unwrap();
    assert_eq!(intent.amount, request.amount);
    assert!(!intent.client_secret.reveal().is_empty());
    let found = gateway.intent(&intent.id).await.unwrap().unwrap();
    assert_eq!(found.id, intent.id);
    gateway.cancel_intent(&intent.id, &GatewayKey::cancel(order_id)).await.unwrap();
    assert_eq!(gateway.intent_of_order(order_id).await.unwrap(), None, "it remembers nothing");
    assert!(!gateway.refunds(&intent.id).await.unwrap().is_empty(), "it always has one");
    eprintln!("the adapter understands stripe-mock's answers");
}
