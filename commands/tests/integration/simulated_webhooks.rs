use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use agrodeep_commands::payments::{
    gateway::{CreateIntent, CreateRefund, GatewayKey, Intent, PaymentGateway},
    provider_event::{self, News},
    signature::WebhookSecrets,
    simulated::SimulatedGateway,
};
use agrodeep_domain::{OrderId, order::RefundOf};
use chrono::Utc;
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    market::{Market, money},
    shop::Shop,
};

fn secret() -> SecretString {
    "whsec_test".into()
}

/// A sender as of another process: it is not woken, but looks by itself.
fn sender(market: &Market, shop: &Shop, shutdown: &CancellationToken) -> JoinHandle<()> {
    let gateway = SimulatedGateway::new(market.database.pool().clone());
    deliver(gateway, shop, shutdown)
}

fn deliver(gateway: SimulatedGateway, shop: &Shop, shutdown: &CancellationToken) -> JoinHandle<()> {
    let (url, shutdown) = (shop.url.parse().unwrap(), shutdown.clone());
    tokio::spawn(async move { gateway.deliver_webhooks(url, secret(), shutdown).await.unwrap() })
}

async fn paid(gateway: &SimulatedGateway, n: u128) -> Intent {
    let order_id = OrderId::from_uuid(Uuid::from_u128(n));
    let request = CreateIntent { order_id, amount: money("13.50 EUR") };
    let intent = gateway.create_intent(&request, &GatewayKey::charge(order_id)).await.unwrap();
    gateway.confirm(intent.client_secret.reveal(), "pm_card_visa").await.unwrap();
    intent
}

async fn all_told(gateway: &SimulatedGateway) {
    let since = Instant::now();
    while gateway.webhooks_pending().await.unwrap() > 0 {
        assert!(since.elapsed() < Duration::from_secs(30), "webhooks are left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_is_told_at_once_and_by_a_signed_message_that_it_understands() {
    let market = Market::open().await;
    let shop = Shop::open(&[]).await;
    let shutdown = CancellationToken::new();
    // Nothing but being woken can make this sender look again.
    let gateway = market.gateway.clone().with_look_every(Duration::from_hours(1));
    let running = deliver(gateway, &shop, &shutdown);
    paid(&market.gateway, 1).await;
    all_told(&market.gateway).await;
    let intent = paid(&market.gateway, 2).await;
    all_told(&market.gateway).await;
    let refund = CreateRefund { intent_id: intent.id.clone(), amount: intent.amount };
    let key = GatewayKey::refund(intent.order_id.unwrap());
    let refund = market.gateway.refund(&refund, &key).await.unwrap();
    all_told(&market.gateway).await;

    let heard = shop.heard.lock().unwrap().clone();
    for (signature, body) in &heard {
        let secrets = WebhookSecrets::new([secret()]);
        assert_eq!(secrets.verify(signature, body.as_bytes(), Utc::now()), Ok(()));
    }
    let news: Vec<News> =
        heard.iter().map(|(_, body)| provider_event::read(body.as_bytes()).unwrap().news).collect();
    let payment = provider_event::PaymentRef { intent_id: intent.id.clone(), order_id: intent.order_id };
    assert_eq!(news[1], News::Captured { payment: payment.clone(), amount: intent.amount });
    assert_eq!(
        news[2],
        News::Refunded { payment, refund_id: refund.id, amount: intent.amount, of: RefundOf::Rest }
    );

    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_is_told_until_it_says_2xx() {
    let market = Market::open().await;
    let shop = Shop::open(&[500, 0, 302]).await;
    let shutdown = CancellationToken::new();
    let _running = sender(&market, &shop, &shutdown);
    paid(&market.gateway, 1).await;
    all_told(&market.gateway).await;
    let heard = shop.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 4);
    assert!(heard.iter().all(|(_, body)| *body == heard[0].1), "the message stays the same");
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_senders_share_the_work() {
    let market = Market::open().await;
    let shop = Shop::open(&[]).await;
    for n in 1..=60 {
        paid(&market.gateway, n).await;
    }
    let shutdown = CancellationToken::new();
    let _running = [sender(&market, &shop, &shutdown), sender(&market, &shop, &shutdown)];
    all_told(&market.gateway).await;
    let heard = shop.heard.lock().unwrap().clone();
    let events: BTreeSet<String> =
        heard.iter().map(|(_, body)| provider_event::read(body.as_bytes()).unwrap().id).collect();
    assert_eq!((heard.len(), events.len()), (60, 60), "each message once");
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_sender_had_claimed_goes_out_at_the_next_start() {
    let market = Market::open().await;
    paid(&market.gateway, 1).await;
    market.sql("update simulator_webhooks set attempts = 1, due_at = now() + interval '15 seconds'").await;
    assert_eq!(market.gateway.release_webhooks_of_dead_senders().await.unwrap(), 1);
    let shop = Shop::open(&[]).await;
    let shutdown = CancellationToken::new();
    let _running = sender(&market, &shop, &shutdown);
    let since = Instant::now();
    all_told(&market.gateway).await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    shutdown.cancel();
}
