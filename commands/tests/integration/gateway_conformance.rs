//! What every payment provider's adapter must promise, whoever is behind it.

use agrodeep_commands::payments::{
    gateway::{
        CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, IntentStatus, KEY_REUSED, MISSING,
        PaymentGateway, RefundStatus, TOO_MUCH, UNEXPECTED_STATE,
    },
    simulated::{ConfirmError, SimulatedGateway},
};
use agrodeep_domain::{OrderId, order::RefundOf};
use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    market::{Market, money},
    stripe::{self, Stub},
};

/// A provider, and what its buyers do.
#[async_trait]
pub trait Provider: Sync {
    fn gateway(&self) -> &dyn PaymentGateway;
    /// The buyer pays with one of Stripe's test cards. `false`: it cannot be paid any more.
    async fn pay(&self, intent: &Intent, card: &str) -> bool;
    /// Whether payments can be made to wait for the bank.
    fn can_wait(&self) -> bool {
        true
    }
}

fn order() -> OrderId {
    OrderId::from_uuid(Uuid::now_v7())
}

fn code<T: std::fmt::Debug>(outcome: Result<T, GatewayError>) -> String {
    match outcome.unwrap_err() {
        GatewayError::Rejected { code, .. } => code,
        GatewayError::Unavailable(reason) => panic!("{reason}"),
    }
}

async fn asked(provider: &dyn Provider) -> (OrderId, Intent) {
    let order_id = order();
    let request = CreateIntent { order_id, amount: money("13.50 EUR") };
    (order_id, provider.gateway().create_intent(&request, &GatewayKey::charge(order_id)).await.unwrap())
}

async fn paid(provider: &dyn Provider) -> (OrderId, Intent) {
    let (order_id, intent) = asked(provider).await;
    assert!(provider.pay(&intent, "pm_card_visa").await);
    (order_id, intent)
}

fn part(intent: &Intent, amount: &str) -> CreateRefund {
    CreateRefund { intent_id: intent.id.clone(), amount: money(amount) }
}

pub async fn all(provider: &dyn Provider) {
    payments_are_asked_for_once_and_found(provider).await;
    payments_are_called_off(provider).await;
    outcomes_are_told_when_asked(provider).await;
    money_is_given_back_once(provider).await;
    no_more_is_given_back_than_was_paid(provider).await;
    differences_and_the_rest_are_told_apart(provider).await;
}

async fn payments_are_asked_for_once_and_found(provider: &dyn Provider) {
    let gateway = provider.gateway();
    let (order_id, intent) = asked(provider).await;
    assert_eq!((intent.order_id, intent.amount), (Some(order_id), money("13.50 EUR")));
    assert_eq!((intent.status, intent.received), (IntentStatus::RequiresPaymentMethod, money("0.00 EUR")));
    assert!(!intent.client_secret.reveal().is_empty());
    assert!(!format!("{intent:?}").contains(intent.client_secret.reveal()), "the secret is shown");

    let request = CreateIntent { order_id, amount: money("13.50 EUR") };
    let key = GatewayKey::charge(order_id);
    assert_eq!(gateway.create_intent(&request, &key).await.unwrap(), intent);
    assert_eq!(gateway.intent(&intent.id).await.unwrap(), Some(intent.clone()));
    assert_eq!(gateway.intent_of_order(order_id).await.unwrap(), Some(intent.clone()));
    assert_eq!(gateway.intent("pi_unknown").await.unwrap(), None);
    assert_eq!(gateway.intent_of_order(order()).await.unwrap(), None);

    let other = CreateIntent { amount: money("1.00 EUR"), ..request };
    assert_eq!(code(gateway.create_intent(&other, &key).await), KEY_REUSED);
    let nothing = CreateIntent { order_id, amount: money("0.00 EUR") };
    let fresh = GatewayKey::charge(order());
    assert_eq!(code(gateway.create_intent(&nothing, &fresh).await), "parameter_invalid_integer");

    // Asked again after it was paid, it is as it now stands, not as it was when it was asked for first.
    assert!(provider.pay(&intent, "pm_card_visa").await);
    let now = gateway.create_intent(&request, &key).await.unwrap();
    assert_eq!((now.id, now.status), (intent.id, IntentStatus::Succeeded));
}

async fn payments_are_called_off(provider: &dyn Provider) {
    let gateway = provider.gateway();
    let (order_id, intent) = asked(provider).await;
    let key = GatewayKey::cancel(order_id);
    for _ in 0..2 {
        assert_eq!(gateway.cancel_intent(&intent.id, &key).await.unwrap().status, IntentStatus::Canceled);
    }
    assert!(!provider.pay(&intent, "pm_card_visa").await, "it can still be paid");

    let (order_id, intent) = paid(provider).await;
    let key = GatewayKey::cancel(order_id);
    assert_eq!(code(gateway.cancel_intent(&intent.id, &key).await), UNEXPECTED_STATE);
    assert_eq!(code(gateway.cancel_intent("pi_unknown", &key).await), MISSING);
}

async fn outcomes_are_told_when_asked(provider: &dyn Provider) {
    let gateway = provider.gateway();
    let (order_id, intent) = asked(provider).await;
    provider.pay(&intent, "pm_card_chargeDeclined").await;
    let declined = gateway.intent(&intent.id).await.unwrap().unwrap();
    assert_eq!(declined.status, IntentStatus::RequiresPaymentMethod);
    assert!(declined.decline_code.is_some_and(|code| !code.is_empty()));
    // Another card may be tried.
    assert!(provider.pay(&intent, "pm_card_visa").await);
    let paid = gateway.intent(&intent.id).await.unwrap().unwrap();
    assert_eq!((paid.status, paid.received), (IntentStatus::Succeeded, money("13.50 EUR")));
    assert_eq!(paid.decline_code, None);
    // Of several payments of an order, the one that succeeded counts.
    let request = CreateIntent { order_id, amount: money("13.50 EUR") };
    gateway.create_intent(&request, &GatewayKey::charge(order())).await.unwrap();
    assert_eq!(gateway.intent_of_order(order_id).await.unwrap(), Some(paid));

    if provider.can_wait() {
        let (order_id, intent) = asked(provider).await;
        assert!(provider.pay(&intent, "pm_usBankAccount_processing").await);
        assert_eq!(gateway.intent(&intent.id).await.unwrap().unwrap().status, IntentStatus::Processing);
        let refused = gateway.cancel_intent(&intent.id, &GatewayKey::cancel(order_id)).await;
        assert_eq!(code(refused), UNEXPECTED_STATE);
    }
}

async fn money_is_given_back_once(provider: &dyn Provider) {
    let gateway = provider.gateway();
    let (order_id, intent) = asked(provider).await;
    let (key, whole) = (GatewayKey::refund(order_id), part(&intent, "13.50 EUR"));
    assert_eq!(code(gateway.refund(&whole, &key).await), UNEXPECTED_STATE);
    let unknown = CreateRefund { intent_id: "pi_unknown".to_owned(), ..whole.clone() };
    assert_eq!(code(gateway.refund(&unknown, &key).await), MISSING);

    let (order_id, intent) = paid(provider).await;
    let (key, whole) = (GatewayKey::refund(order_id), part(&intent, "13.50 EUR"));
    assert_eq!(gateway.refunds(&intent.id).await.unwrap(), []);
    let refund = gateway.refund(&whole, &key).await.unwrap();
    assert_eq!((refund.intent_id.as_str(), refund.amount), (intent.id.as_str(), money("13.50 EUR")));
    assert_ne!(refund.status, RefundStatus::Failed);
    let again = gateway.refund(&whole, &key).await.unwrap();
    let under_another_key = gateway.refund(&whole, &GatewayKey::refund(order())).await.unwrap();
    assert_eq!((&again.id, &under_another_key.id), (&refund.id, &refund.id));
    let all: Vec<_> =
        gateway.refunds(&intent.id).await.unwrap().into_iter().map(|refund| refund.id).collect();
    assert_eq!(all, [refund.id]);
}

async fn no_more_is_given_back_than_was_paid(provider: &dyn Provider) {
    let gateway = provider.gateway();
    let (order_id, intent) = paid(provider).await;
    let line = |n: u32| GatewayKey::part_refund(order_id, &n.to_string());
    assert_eq!(code(gateway.refund(&part(&intent, "13.51 EUR"), &line(1)).await), TOO_MUCH);
    let first = gateway.refund(&part(&intent, "3.50 EUR"), &line(1)).await.unwrap();
    assert_eq!(gateway.refund(&part(&intent, "3.50 EUR"), &line(1)).await.unwrap().id, first.id);
    assert_eq!(code(gateway.refund(&part(&intent, "3.51 EUR"), &line(1)).await), KEY_REUSED);
    assert_eq!(code(gateway.refund(&part(&intent, "10.01 EUR"), &line(2)).await), TOO_MUCH);
    assert_eq!(code(gateway.refund(&part(&intent, "13.50 EUR"), &line(2)).await), TOO_MUCH);
    for wrong in ["0.00 EUR", "1.00 USD"] {
        let refused = gateway.refund(&part(&intent, wrong), &line(3)).await;
        assert_eq!(code(refused), "parameter_invalid_integer");
    }
    // The same amount for another line is another refund.
    let second = gateway.refund(&part(&intent, "3.50 EUR"), &line(2)).await.unwrap();
    assert_ne!(second.id, first.id);
    gateway.refund(&part(&intent, "6.50 EUR"), &line(3)).await.unwrap();
    assert_eq!(code(gateway.refund(&part(&intent, "0.01 EUR"), &line(4)).await), TOO_MUCH);
    assert_eq!(gateway.refunds(&intent.id).await.unwrap().len(), 3);
}

/// Two differences of the same amount and the rest: each is given back once, and says what it has given back.
async fn differences_and_the_rest_are_told_apart(provider: &dyn Provider) {
    let gateway = provider.gateway();
    let (order_id, intent) = paid(provider).await;
    for _ in 0..2 {
        for number in [1, 2] {
            gateway
                .refund(&part(&intent, "2.25 EUR"), &GatewayKey::difference(order_id, number))
                .await
                .unwrap();
        }
        gateway.refund(&part(&intent, "9.00 EUR"), &GatewayKey::refund(order_id)).await.unwrap();
    }
    let mut made: Vec<(RefundOf, String)> = gateway
        .refunds(&intent.id)
        .await
        .unwrap()
        .into_iter()
        .map(|refund| {
            let key = refund.made_with.unwrap();
            (GatewayKey::refund_of(order_id, &key), refund.amount.to_string())
        })
        .collect();
    made.sort_by_key(|(of, _)| format!("{of:?}"));
    let expected = [
        (RefundOf::Difference(1), "2.25 EUR".to_owned()),
        (RefundOf::Difference(2), "2.25 EUR".to_owned()),
        (RefundOf::Rest, "9.00 EUR".to_owned()),
    ];
    assert_eq!(made, expected);
    // All is given back: neither of them again, under whatever key.
    let third = gateway.refund(&part(&intent, "2.25 EUR"), &GatewayKey::difference(order_id, 3)).await;
    assert_eq!(code(third), TOO_MUCH);
}

struct Simulated(SimulatedGateway);

#[async_trait]
impl Provider for Simulated {
    fn gateway(&self) -> &dyn PaymentGateway {
        &self.0
    }

    async fn pay(&self, intent: &Intent, card: &str) -> bool {
        match self.0.confirm(intent.client_secret.reveal(), card).await {
            Ok(_) => true,
            Err(ConfirmError::Cancelled) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Anything that speaks as Stripe does, at an address.
pub struct StripeLike {
    pub gateway: agrodeep_commands::payments::stripe::StripeGateway,
    pub api_base: String,
    pub secret_key: String,
    pub can_wait: bool,
}

#[async_trait]
impl Provider for StripeLike {
    fn gateway(&self) -> &dyn PaymentGateway {
        &self.gateway
    }

    /// Confirms with the secret key, as only test mode lets one do.
    async fn pay(&self, intent: &Intent, card: &str) -> bool {
        let answer = reqwest::Client::new()
            .post(format!("{}/v1/payment_intents/{}/confirm", self.api_base, intent.id))
            .bearer_auth(&self.secret_key)
            .header("stripe-version", agrodeep_commands::payments::stripe::API_VERSION)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("payment_method={card}&return_url=https%3A%2F%2Fexample.org"))
            .send()
            .await
            .unwrap();
        match answer.status().as_u16() {
            200 | 402 => true,
            400 => false,
            other => panic!("{other}: {}", answer.text().await.unwrap()),
        }
    }

    fn can_wait(&self) -> bool {
        self.can_wait
    }
}

/// The adapter for Stripe with a stub behind it.
pub fn stripe_like(stub: &Stub) -> StripeLike {
    StripeLike {
        gateway: stripe::gateway(stub),
        api_base: stub.uri(),
        secret_key: stripe::SECRET_KEY.to_owned(),
        can_wait: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_provider_conforms() {
    all(&Simulated(Market::open().await.gateway)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe_conforms() {
    let stub = Stub::start().await;
    all(&stripe_like(&stub)).await;
    let keys: Vec<_> = stub.seen().into_iter().filter(|seen| seen.method == "POST").collect();
    assert!(
        keys.iter().all(|seen| seen.key.is_some()
            || seen.path.ends_with("/cancel")
            || seen.path.ends_with("/confirm"))
    );
}
