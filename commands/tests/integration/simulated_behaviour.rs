//! The simulated provider made unpleasant.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use agrodeep_commands::payments::{
    gateway::{CreateIntent, GatewayKey, IntentStatus, PaymentGateway},
    provider_event,
    simulated::{Behaviour, Outcome, SimulatedGateway},
};
use agrodeep_domain::OrderId;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    market::{Market, money},
    shop::Shop,
};

async fn asked(gateway: &SimulatedGateway, n: u128) -> (String, String) {
    let order_id = OrderId::from_uuid(Uuid::from_u128(n));
    let request = CreateIntent { order_id, amount: money("13.50 EUR") };
    let intent = gateway.create_intent(&request, &GatewayKey::charge(order_id)).await.unwrap();
    (intent.id, intent.client_secret.reveal().to_owned())
}

/// Pays `payments` times and gives the ids of the messages that the shop hears, in their order, until nothing is left to be
/// told.
async fn heard(market: &Market, behaviour: Behaviour, payments: u128) -> Vec<String> {
    let gateway = market.gateway.clone().with_behaviour(behaviour);
    let shop = Shop::open(&[]).await;
    let shutdown = CancellationToken::new();
    for n in 1..=payments {
        let (_, secret) = asked(&market.gateway, n).await;
        market.gateway.confirm(&secret, "pm_card_visa").await.unwrap();
    }
    let (url, stop) = (shop.url.parse().unwrap(), shutdown.clone());
    let teller = gateway.clone();
    let running = tokio::spawn(async move { teller.deliver_webhooks(url, "whsec_test".into(), stop).await });
    let since = Instant::now();
    while gateway.webhooks_pending().await.unwrap() > 0 {
        assert!(since.elapsed() < Duration::from_secs(30), "webhooks are left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let heard = shop.heard.lock().unwrap().clone();
    heard.iter().map(|(_, body)| provider_event::read(body.as_bytes()).unwrap().id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_come_several_times_and_out_of_order() {
    let market = Market::open().await;
    let behaviour = Behaviour {
        webhook_copies: 3,
        webhook_shuffle: Duration::from_millis(120),
        seed: 7,
        ..Behaviour::default()
    };
    let heard = heard(&market, behaviour, 12).await;
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    for event_id in &heard {
        *times.entry(event_id).or_default() += 1;
    }
    assert_eq!((times.len(), heard.len()), (12, 36));
    assert!(times.values().all(|times| *times == 3), "{times:?}");
    let rows: Vec<(String,)> = sqlx::query_as("select event_id from simulator_webhooks order by id")
        .fetch_all(market.database.pool())
        .await
        .unwrap();
    let mut first_heard: Vec<&String> = Vec::new();
    for event_id in &heard {
        if !first_heard.contains(&event_id) {
            first_heard.push(event_id);
        }
    }
    let told: Vec<&String> = rows.iter().map(|(event_id,)| event_id).collect();
    assert_ne!(first_heard, told, "they come in the order in which they happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_webhook_is_never_heard_of() {
    let market = Market::open().await;
    let behaviour = Behaviour { webhook_loss_percent: 100, ..Behaviour::default() };
    assert_eq!(heard(&market, behaviour, 3).await, Vec::<String>::new());
    let paid = market.gateway.ledger().await.unwrap();
    assert!(paid.iter().all(|entry| entry.charges == 1), "the money is there all the same");
}

#[tokio::test]
async fn every_answer_takes_its_time() {
    let market = Market::open().await;
    let delay = Duration::from_millis(60);
    let slow =
        market.gateway.clone().with_behaviour(Behaviour { answer_delay: delay, ..Behaviour::default() });
    let since = Instant::now();
    let (id, _) = asked(&slow, 1).await;
    slow.intent(&id).await.unwrap();
    slow.intent_of_order(OrderId::from_uuid(Uuid::from_u128(1))).await.unwrap();
    slow.refunds(&id).await.unwrap();
    assert!(since.elapsed() >= 4 * delay, "{:?}", since.elapsed());
}

#[tokio::test]
async fn the_bank_decides_about_a_payment_once() {
    let market = Market::open().await;
    let gateway = &market.gateway;
    let (id, secret) = asked(gateway, 1).await;
    assert!(!gateway.settle(&id, None).await.unwrap(), "nothing is being processed");
    let waiting = gateway.confirm(&secret, "pm_usBankAccount_processing").await.unwrap();
    assert_eq!((waiting.outcome, waiting.intent.status), (Outcome::Processing, IntentStatus::Processing));
    // Another card does not help while the bank thinks.
    assert_eq!(gateway.confirm(&secret, "pm_card_visa").await.unwrap().outcome, Outcome::Processing);
    assert!(gateway.settle(&id, Some("insufficient_funds")).await.unwrap());
    assert!(!gateway.settle(&id, None).await.unwrap());
    let declined = gateway.intent(&id).await.unwrap().unwrap();
    assert_eq!(declined.status, IntentStatus::RequiresPaymentMethod);
    assert_eq!(declined.decline_code.as_deref(), Some("insufficient_funds"));
    assert_eq!(gateway.confirm(&secret, "pm_card_visa").await.unwrap().outcome, Outcome::Succeeded);
    assert_eq!(gateway.ledger().await.unwrap()[0].charges, 1);
}
