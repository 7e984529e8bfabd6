//! What can go wrong between Stripe and us.

use std::time::{Duration, Instant};

use agrodeep_commands::payments::{
    gateway::{
        CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, IntentStatus, PaymentGateway,
        RefundStatus, UNEXPECTED_STATE,
    },
    stripe::{StripeGateway, StripeSettings, StripeSettingsError},
};
use agrodeep_domain::OrderId;
use serde_json::json;
use uuid::Uuid;

use super::{Fault, Stub, gateway, settings, stub};
use crate::{
    gateway_conformance::{Provider, stripe_like},
    market::money,
};

const CREATE: &str = "POST /v1/payment_intents";
const REFUND: &str = "POST /v1/refunds";

fn order() -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(7))
}

fn request() -> CreateIntent {
    CreateIntent { order_id: order(), amount: money("13.50 EUR") }
}

async fn create(gateway: &StripeGateway) -> Result<Intent, GatewayError> {
    gateway.create_intent(&request(), &GatewayKey::charge(order())).await
}

fn whole(intent: &Intent) -> CreateRefund {
    CreateRefund { intent_id: intent.id.clone(), amount: intent.amount }
}

fn error(kind: &str, code: Option<&str>) -> String {
    stub::error(kind, code, "in Stripe's words").to_string()
}

fn unavailable<T: std::fmt::Debug>(outcome: Result<T, GatewayError>) -> String {
    match outcome.unwrap_err() {
        GatewayError::Unavailable(reason) => reason,
        other => panic!("{other}"),
    }
}

fn rejected<T: std::fmt::Debug>(outcome: Result<T, GatewayError>) -> (String, String) {
    match outcome.unwrap_err() {
        GatewayError::Rejected { code, message } => (code, message),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_stripe_asks_to_be_sent_again_is_sent_again_with_the_same_key() {
    for (status, headers) in
        [(409, &[][..]), (429, &[]), (500, &[]), (503, &[]), (400, &[("stripe-should-retry", "true")])]
    {
        let stub = Stub::start().await;
        stub.next(CREATE, Fault::Instead(status, headers, error("api_error", Some("lock_timeout"))), 2);
        create(&gateway(&stub)).await.unwrap();
        let seen = stub.seen();
        assert_eq!(seen.len(), 3, "{status}");
        let key = Some(GatewayKey::charge(order()).as_str().to_owned());
        assert!(seen.iter().all(|one| one.key == key && one.body == seen[0].body));
    }
}

#[tokio::test]
async fn what_stripe_asks_not_to_be_sent_again_is_not() {
    for (status, headers) in [(500, &[("stripe-should-retry", "false")][..]), (400, &[]), (402, &[])] {
        let stub = Stub::start().await;
        stub.next(CREATE, Fault::Instead(status, headers, error("api_error", Some("no"))), 1);
        assert!(create(&gateway(&stub)).await.is_err());
        assert_eq!(stub.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn patience_ends_and_leaves_it_open_what_was_done() {
    let stub = Stub::start().await;
    stub.next(CREATE, Fault::Instead(429, &[], error("rate_limit", Some("rate_limit"))), usize::MAX);
    let reason = unavailable(create(&gateway(&stub)).await);
    assert!(reason.starts_with("429 rate_limit: in Stripe's words (request req_stub)"), "{reason}");
    assert_eq!(stub.seen().len(), 3);
}

#[tokio::test]
async fn stripe_is_given_the_time_it_asks_for() {
    let stub = Stub::start().await;
    let limited = Fault::Instead(429, &[("retry-after", "1")], error("rate_limit", None));
    stub.next(CREATE, limited, 1);
    let mut settings = settings(stub.uri());
    settings.pause_max = Duration::from_millis(300);
    let since = Instant::now();
    create(&StripeGateway::new(settings).unwrap()).await.unwrap();
    let took = since.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_millis(900), "{took:?}");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_leads_to_no_second_payment() {
    let stub = Stub::start().await;
    let mut settings = settings(stub.uri());
    settings.timeout = Duration::from_millis(150);
    stub.next(CREATE, Fault::DoneLate(Duration::from_millis(600)), 1);
    let intent = create(&StripeGateway::new(settings).unwrap()).await.unwrap();
    assert_eq!((stub.intents(), stub.count(CREATE)), (1, 2));
    assert_eq!(intent.status, IntentStatus::RequiresPaymentMethod);
}

#[tokio::test]
async fn who_does_not_answer_at_all_is_told_as_that() {
    let stub = Stub::start().await;
    let mut slow = settings(stub.uri());
    (slow.timeout, slow.retries_max) = (Duration::from_millis(100), 0);
    stub.next("GET", Fault::DoneLate(Duration::from_millis(500)), 1);
    let reason = unavailable(StripeGateway::new(slow).unwrap().intent("pi_1").await);
    assert!(reason.starts_with("it does not answer in time"), "{reason}");

    let nobody = settings("http://127.0.0.1:1".to_owned());
    let reason = unavailable(StripeGateway::new(nobody).unwrap().intent("pi_1").await);
    assert!(reason.starts_with("no connection"), "{reason}");
}

#[tokio::test]
async fn an_answer_that_is_not_stripes_decides_nothing() {
    let stub = Stub::start().await;
    let gateway = gateway(&stub);
    for (status, text) in [
        (200, "<html>a proxy's page</html>"),
        (200, "{}"),
        (200, "[1,2"),
        (200, ""),
        (400, "<html>bad request</html>"),
        (404, "not found"),
        (302, ""),
    ] {
        stub.next(CREATE, Fault::Instead(status, &[], text.to_owned()), 1);
        let reason = unavailable(create(&gateway).await);
        assert!(reason.contains("cannot be read"), "{status} {text}: {reason}");
        assert!(!reason.contains("html"), "what stands there is not repeated: {reason}");
    }
    assert_eq!(stub.intents(), 0);
    // What it has in a form that is not ours.
    let intent = create(&gateway).await.unwrap();
    stub.edit(&intent.id, |intent| intent["status"] = json!("contemplating"));
    assert!(unavailable(gateway.intent(&intent.id).await).contains("contemplating"));
    stub.edit(&intent.id, |intent| {
        intent["status"] = json!("succeeded");
        intent["currency"] = json!("jpy");
    });
    assert!(unavailable(gateway.intent(&intent.id).await).contains("currency"));
    stub.next("GET", Fault::Instead(200, &[], " ".repeat(5 << 20)), 3);
    assert!(unavailable(gateway.intent(&intent.id).await).contains("longer than"));
}

#[tokio::test]
async fn a_refusal_keeps_stripes_word_for_it() {
    let stub = Stub::start().await;
    let card = json!({ "error": { "type": "card_error", "code": "card_declined",
        "decline_code": "insufficient_funds", "message": "Your card has insufficient funds." } });
    stub.next(CREATE, Fault::Instead(402, &[], card.to_string()), 1);
    let (code, message) = rejected(create(&gateway(&stub)).await);
    assert_eq!(code, "insufficient_funds");
    assert_eq!(message, "Your card has insufficient funds. (request req_stub)");
    stub.next(CREATE, Fault::Instead(400, &[], error("invalid_request_error", Some("amount_too_small"))), 1);
    assert_eq!(rejected(create(&gateway(&stub)).await).0, "amount_too_small");
    stub.next(CREATE, Fault::Instead(400, &[], error("idempotency_error", None)), 1);
    assert_eq!(rejected(create(&gateway(&stub)).await).0, "idempotency_error");
}

/// The order is not at fault, so it must not be called off.
#[tokio::test]
async fn a_wrong_key_is_the_operators_matter_and_never_shown() {
    let stub = Stub::start().await;
    let wrong = StripeSettings { secret_key: "sk_test_wrong_9876543210".into(), ..settings(stub.uri()) };
    let reason = unavailable(create(&StripeGateway::new(wrong).unwrap()).await);
    assert!(reason.contains("does not accept the secret key"), "{reason}");
    assert!(!reason.contains("9876543210"));
    let unsendable = StripeSettings { secret_key: "sk_test\nwrong".into(), ..settings(stub.uri()) };
    assert!(matches!(StripeGateway::new(unsendable), Err(StripeSettingsError::Key)));
    for nowhere in ["", "stripe", "ftp://stripe.example", "https://"] {
        let settings = settings(nowhere.to_owned());
        assert!(matches!(StripeGateway::new(settings), Err(StripeSettingsError::Address)), "{nowhere}");
    }
}

#[tokio::test]
async fn a_payment_is_found_before_it_is_asked_for_again_long_after_its_key_is_forgotten() {
    let stub = Stub::start().await;
    let gateway = gateway(&stub);
    let intent = create(&gateway).await.unwrap();
    // At first only the list of the newest knows it, later only the search.
    assert_eq!(gateway.intent_of_order(order()).await.unwrap().unwrap().id, intent.id);
    stub.a_day_later();
    assert_eq!(gateway.intent_of_order(order()).await.unwrap().unwrap().id, intent.id);
    // An account that cannot search.
    stub.next(
        "GET /v1/payment_intents/search",
        Fault::Instead(400, &[], error("invalid_request_error", None)),
        1,
    );
    assert_eq!(gateway.intent_of_order(order()).await.unwrap(), None);
}

#[tokio::test]
async fn the_newest_payments_are_looked_through_page_by_page() {
    let stub = Stub::start().await;
    let gateway = gateway(&stub);
    let intent = create(&gateway).await.unwrap();
    for n in 0..230 {
        let order_id = OrderId::from_uuid(Uuid::from_u128(1000 + n));
        let request = CreateIntent { order_id, ..request() };
        gateway.create_intent(&request, &GatewayKey::charge(order_id)).await.unwrap();
    }
    assert_eq!(gateway.intent_of_order(order()).await.unwrap().unwrap().id, intent.id);
    assert_eq!(stub.count("GET /v1/payment_intents?"), 3);
}

#[tokio::test]
async fn a_refund_is_made_once_long_after_its_key_is_forgotten() {
    let stub = Stub::start().await;
    let provider = stripe_like(&stub);
    let intent = create(&provider.gateway).await.unwrap();
    provider.pay(&intent, "pm_card_visa").await;
    let key = GatewayKey::part_refund(order(), "1");
    let part = CreateRefund { amount: money("3.50 EUR"), ..whole(&intent) };
    let first = provider.gateway.refund(&part, &key).await.unwrap();
    stub.a_day_later();
    assert_eq!(provider.gateway.refund(&part, &key).await.unwrap(), first);
    assert_eq!((stub.refunds().len(), stub.count(REFUND)), (1, 1));
    assert_eq!(stub.refunds()[0]["metadata"]["order_id"], json!(order().to_string()));
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_not_made_again() {
    let stub = Stub::start().await;
    let provider = stripe_like(&stub);
    let intent = create(&provider.gateway).await.unwrap();
    provider.pay(&intent, "pm_card_visa").await;
    let key = GatewayKey::refund(order());
    stub.next(REFUND, Fault::DoneBut(500, &[("stripe-should-retry", "false")], error("api_error", None)), 1);
    unavailable(provider.gateway.refund(&whole(&intent), &key).await);
    assert_eq!(stub.refunds().len(), 1);
    // Looked up, not asked for again.
    let refund = provider.gateway.refund(&whole(&intent), &key).await.unwrap();
    assert_eq!(stub.refunds()[0]["id"], json!(refund.id));
    assert_eq!((stub.refunds().len(), stub.count(REFUND)), (1, 1));
}

#[tokio::test]
async fn a_refund_that_did_not_reach_the_buyer_can_be_made_anew() {
    let stub = Stub::start().await;
    let provider = stripe_like(&stub);
    let intent = create(&provider.gateway).await.unwrap();
    provider.pay(&intent, "pm_card_visa").await;
    let key = GatewayKey::refund(order());
    let first = provider.gateway.refund(&whole(&intent), &key).await.unwrap();
    stub.edit_refund(&first.id, |refund| {
        refund["status"] = json!("failed");
        refund["failure_reason"] = json!("lost_or_stolen_card");
    });
    assert_eq!(provider.gateway.refunds(&intent.id).await.unwrap()[0].status, RefundStatus::Failed);
    let second = provider.gateway.refund(&whole(&intent), &key).await.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(provider.gateway.refund(&whole(&intent), &key).await.unwrap(), second);
    assert_eq!(stub.refunds().len(), 2);
}

#[tokio::test]
async fn a_refund_that_fails_at_once_is_rejected_with_the_reason() {
    let stub = Stub::start().await;
    let provider = stripe_like(&stub);
    let intent = create(&provider.gateway).await.unwrap();
    provider.pay(&intent, "pm_card_visa").await;
    let failed = json!({ "id": "re_1", "object": "refund", "amount": 1350, "currency": "eur",
        "status": "failed", "failure_reason": "expired_or_canceled_card", "metadata": {} });
    stub.next(REFUND, Fault::Instead(200, &[], failed.to_string()), 1);
    let (code, _) = rejected(provider.gateway.refund(&whole(&intent), &GatewayKey::refund(order())).await);
    assert_eq!(code, "expired_or_canceled_card");
}

/// Stripe gives the first answer to a key again for a day, also when it was "not now".
#[tokio::test]
async fn a_payment_that_could_not_be_called_off_can_be_later() {
    let stub = Stub::start().await;
    let provider = stripe_like(&stub);
    let intent = create(&provider.gateway).await.unwrap();
    provider.pay(&intent, "pm_usBankAccount_processing").await;
    let key = GatewayKey::cancel(order());
    assert_eq!(rejected(provider.gateway.cancel_intent(&intent.id, &key).await).0, UNEXPECTED_STATE);
    stub.edit(&intent.id, |intent| intent["status"] = json!("requires_payment_method"));
    let cancelled = provider.gateway.cancel_intent(&intent.id, &key).await.unwrap();
    assert_eq!(cancelled.status, IntentStatus::Canceled);
}

#[tokio::test]
async fn what_the_buyer_has_left_to_do_is_told() {
    let stub = Stub::start().await;
    let gateway = gateway(&stub);
    let intent = create(&gateway).await.unwrap();
    for (status, means) in [
        ("requires_confirmation", IntentStatus::RequiresAction),
        ("requires_action", IntentStatus::RequiresAction),
        ("requires_capture", IntentStatus::Processing),
    ] {
        stub.edit(&intent.id, |intent| intent["status"] = json!(status));
        assert_eq!(gateway.intent(&intent.id).await.unwrap().unwrap().status, means);
    }
}
