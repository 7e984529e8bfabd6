use agrodeep_commands::payments::{
    gateway::{
        CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, IntentStatus, KEY_REUSED, MISSING,
        PaymentGateway, TOO_MUCH, UNEXPECTED_STATE,
    },
    simulated::{ConfirmError, LedgerEntry, Outcome, SimulatedGateway},
};
use agrodeep_domain::OrderId;
use uuid::Uuid;

use crate::market::{Market, money};

fn order(n: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(n))
}

fn request(n: u128) -> CreateIntent {
    CreateIntent { order_id: order(n), amount: money("13.50 EUR") }
}

async fn intent(gateway: &SimulatedGateway, n: u128) -> Intent {
    gateway.create_intent(&request(n), &GatewayKey::charge(order(n))).await.unwrap()
}

fn refund(intent: &Intent, amount: &str) -> CreateRefund {
    CreateRefund { intent_id: intent.id.clone(), amount: money(amount) }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, GatewayError>) -> String {
    match outcome.unwrap_err() {
        GatewayError::Rejected { code, .. } => code,
        GatewayError::Unavailable(reason) => panic!("{reason}"),
    }
}

async fn pay(gateway: &SimulatedGateway, intent: &Intent, card: &str) -> Result<Outcome, ConfirmError> {
    gateway.confirm(intent.client_secret.reveal(), card).await.map(|confirmed| confirmed.outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_payment() {
    let gateway = Market::open().await.gateway;
    let asked = (0..16).map(|_| {
        let gateway = gateway.clone();
        tokio::spawn(async move { intent(&gateway, 1).await })
    });
    let given: Vec<Intent> = futures::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert!(given.iter().all(|other| *other == given[0]));
    assert!(!format!("{given:?}").contains(given[0].client_secret.reveal()), "the secret is shown");

    let other = CreateIntent { amount: money("1.00 EUR"), ..request(1) };
    let reused = gateway.create_intent(&other, &GatewayKey::charge(order(1))).await;
    assert_eq!(code(reused), KEY_REUSED);
    assert_eq!(gateway.intent(&given[0].id).await.unwrap().as_ref(), Some(&given[0]));
    assert_eq!(gateway.intent_of_order(order(1)).await.unwrap().as_ref(), Some(&given[0]));
    assert_eq!(gateway.intent("pi_unknown").await.unwrap(), None);
    assert_eq!(gateway.intent_of_order(order(2)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_taken_once_however_often_it_is_confirmed() {
    let market = Market::open().await;
    let gateway = &market.gateway;
    let intent = intent(gateway, 1).await;
    let attempts = (0..16).map(|_| {
        let (gateway, intent) = (gateway.clone(), intent.clone());
        tokio::spawn(async move { pay(&gateway, &intent, "pm_card_visa").await })
    });
    for outcome in futures::future::join_all(attempts).await {
        assert_eq!(outcome.unwrap(), Ok(Outcome::Succeeded));
    }
    assert_eq!(pay(gateway, &intent, "pm_card_chargeDeclined").await, Ok(Outcome::Succeeded));
    let taken = LedgerEntry {
        order_id: order(1),
        intents: 1,
        charges: 1,
        captured: money("13.50 EUR"),
        refunded: money("0.00 EUR"),
    };
    assert_eq!(gateway.ledger().await.unwrap(), [taken]);
    assert_eq!(gateway.webhooks_pending().await.unwrap(), 1);
}

#[tokio::test]
async fn after_a_declined_card_another_may_be_tried() {
    let gateway = Market::open().await.gateway;
    let intent = intent(&gateway, 1).await;
    assert_eq!(pay(&gateway, &intent, "pm_card_chargeDeclined").await, Ok(Outcome::Declined));
    assert_eq!(gateway.ledger().await.unwrap()[0].charges, 0);
    assert_eq!(pay(&gateway, &intent, "pm_card_visa").await, Ok(Outcome::Succeeded));
    assert_eq!(gateway.webhooks_pending().await.unwrap(), 2);
}

#[tokio::test]
async fn unknown_cards_and_secrets_are_refused() {
    let gateway = Market::open().await.gateway;
    let intent = intent(&gateway, 1).await;
    assert_eq!(pay(&gateway, &intent, "pm_card_gold").await, Err(ConfirmError::UnknownPaymentMethod));
    let guessed = gateway.confirm("pi_x_secret_y", "pm_card_visa").await.unwrap_err();
    assert_eq!(guessed, ConfirmError::UnknownSecret);
}

#[tokio::test]
async fn a_cancelled_payment_cannot_be_paid_and_a_paid_one_cannot_be_cancelled() {
    let gateway = Market::open().await.gateway;
    let (first, second) = (intent(&gateway, 1).await, intent(&gateway, 2).await);
    let key = GatewayKey::cancel(order(1));
    for _ in 0..2 {
        let cancelled = gateway.cancel_intent(&first.id, &key).await.unwrap();
        assert_eq!(cancelled.status, IntentStatus::Canceled);
    }
    assert_eq!(pay(&gateway, &first, "pm_card_visa").await, Err(ConfirmError::Cancelled));
    assert_eq!(pay(&gateway, &first, "pm_card_chargeDeclined").await, Err(ConfirmError::Cancelled));

    pay(&gateway, &second, "pm_card_visa").await.unwrap();
    assert_eq!(code(gateway.cancel_intent(&second.id, &key).await), UNEXPECTED_STATE);
    assert_eq!(code(gateway.cancel_intent("pi_unknown", &key).await), MISSING);
    assert_eq!(gateway.intent(&second.id).await.unwrap().unwrap().status, IntentStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_and_cancelling_at_once_is_one_of_the_two() {
    let gateway = Market::open().await.gateway;
    for n in 1..=20 {
        let intent = intent(&gateway, n).await;
        let key = GatewayKey::cancel(order(n));
        let (paid, cancelled) =
            tokio::join!(pay(&gateway, &intent, "pm_card_visa"), gateway.cancel_intent(&intent.id, &key));
        assert_ne!(paid.is_ok(), cancelled.is_ok(), "{paid:?} {cancelled:?}");
        let charges = gateway.ledger().await.unwrap()[n as usize - 1].charges;
        assert_eq!(charges == 1, paid.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_given_back_once_also_under_different_keys() {
    let gateway = Market::open().await.gateway;
    let intent = intent(&gateway, 1).await;
    let whole = refund(&intent, "13.50 EUR");
    assert_eq!(code(gateway.refund(&whole, &GatewayKey::refund(order(1))).await), UNEXPECTED_STATE);
    pay(&gateway, &intent, "pm_card_visa").await.unwrap();

    let asked = (0..12).map(|n| {
        let (gateway, whole) = (gateway.clone(), whole.clone());
        tokio::spawn(async move { gateway.refund(&whole, &GatewayKey::refund(order(n % 3))).await.unwrap() })
    });
    let given: Vec<_> = futures::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert!(given.iter().all(|refund| *refund == given[0]), "{given:?}");
    assert_eq!(gateway.ledger().await.unwrap()[0].refunded, money("13.50 EUR"));
    assert_eq!(gateway.webhooks_pending().await.unwrap(), 2, "the payment and one refund");
}

#[tokio::test]
async fn no_more_is_given_back_than_was_paid() {
    let gateway = Market::open().await.gateway;
    let intent = intent(&gateway, 1).await;
    pay(&gateway, &intent, "pm_card_visa").await.unwrap();
    let key = GatewayKey::refund(order(1));
    assert_eq!(code(gateway.refund(&refund(&intent, "13.51 EUR"), &key).await), TOO_MUCH);
    let part = gateway.refund(&refund(&intent, "3.50 EUR"), &key).await.unwrap();
    assert_eq!(gateway.refund(&refund(&intent, "3.50 EUR"), &key).await.unwrap(), part);
    assert_eq!(code(gateway.refund(&refund(&intent, "3.51 EUR"), &key).await), KEY_REUSED);
    let other = GatewayKey::refund(order(2));
    assert_eq!(code(gateway.refund(&refund(&intent, "13.50 EUR"), &other).await), TOO_MUCH);
    for wrong in ["0.00 EUR", "1.00 USD"] {
        assert_eq!(code(gateway.refund(&refund(&intent, wrong), &other).await), "parameter_invalid_integer");
    }
    assert_eq!(gateway.ledger().await.unwrap()[0].refunded, money("3.50 EUR"));
}
