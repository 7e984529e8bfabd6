//! `kill -9` at random moments, while 32 clients place, pay and cancel orders: nothing acknowledged is lost, nothing is
//! done twice, nothing is oversold, and everything ends as it should.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use agrodeep_tests::{
    checker,
    client::{Answer, Client, order_of},
    system::System,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

const CLIENTS: usize = 32;
const KILLS: usize = 20;

/// What a client was told, by the key it asked with.
struct Acknowledged {
    key: String,
    order_id: String,
}

/// Asks until an answer comes, with the same key each time: what a careful client does.
async fn insist(client: &Client, path: &str, body: &Value, key: &str, stop: &AtomicBool) -> Option<Answer> {
    loop {
        match client.post_with_key(path, body, key).await {
            Ok(answer)
                if answer.status.is_server_error() || answer.body["error"] == "idempotency_key_in_flight" => {
            }
            Ok(answer) => return Some(answer),
            Err(_) if stop.load(Ordering::Relaxed) => return None,
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn shop(
    client: Client,
    products: Arc<Vec<String>>,
    seed: u64,
    stop: Arc<AtomicBool>,
) -> Vec<Acknowledged> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let product = &products[random.random_range(0..products.len())];
        let order = order_of(product, random.random_range(1..4));
        let key = Uuid::now_v7().to_string();
        let Some(answer) = insist(&client, "/v1/orders", &order, &key, &stop).await else { break };
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
        let order_id = answer.text_at("/order_id");
        acknowledged.push(Acknowledged { key, order_id: order_id.clone() });

        let wish = random.random_range(0..10);
        if wish >= 8 {
            continue; // Never pays.
        }
        let intent = json!({"order_id": order_id});
        let key = Uuid::now_v7().to_string();
        let Some(answer) = insist(&client, "/v1/payments/intent", &intent, &key, &stop).await else { break };
        if answer.status.as_u16() != 201 {
            assert_eq!(answer.status.as_u16(), 409, "{}", answer.text);
            continue;
        }
        let card = if wish == 0 { "pm_card_chargeDeclined" } else { "pm_card_visa" };
        let confirm = json!({"client_secret": answer.text_at("/client_secret"), "payment_method": card});
        let key = Uuid::now_v7().to_string();
        if insist(&client, "/v1/payments/simulator/confirm", &confirm, &key, &stop).await.is_none() {
            break;
        }
        if wish <= 2 {
            let (path, body) =
                (format!("/v1/orders/{order_id}/cancel"), json!({"reason": "Changement d'avis"}));
            let key = Uuid::now_v7().to_string();
            if insist(&client, &path, &body, &key, &stop).await.is_none() {
                break;
            }
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_whenever_the_process_is_killed() {
    let seed: u64 =
        std::env::var("AGRODEEP_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_240_815);
    println!("AGRODEEP_TEST_SEED={seed}");
    let mut system = System::start(&[("AGRODEEP_HOLD_SECONDS", "20")]).await;
    let producer = Client::demo(&system, "producer").await;
    let mut products = Vec::new();
    for index in 0..8 {
        // Some run out, some never do.
        products
            .push(producer.offer(&format!("Kill test {index}"), if index < 4 { 60 } else { 100_000 }).await);
    }
    let products = Arc::new(products);
    let mut clients = Vec::new();
    for index in 0..CLIENTS {
        clients.push(Client::register(&system, "buyer", &format!("buyer-{index}")).await);
    }

    let stop = Arc::new(AtomicBool::new(false));
    let shoppers: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(index, client)| {
            tokio::spawn(shop(client.clone(), products.clone(), seed + index as u64, stop.clone()))
        })
        .collect();

    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(50..1500))).await;
        system.kill_9();
        system.up().await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for shopper in shoppers {
        acknowledged.extend(shopper.await.expect("a shopper"));
    }

    // Unpaid orders time out after 20 seconds; then nothing may be left to do.
    let patience = Instant::now() + Duration::from_secs(120);
    let checked = loop {
        let checked = checker::check(&system.database_url()).await;
        if checked.settled() || Instant::now() > patience {
            break checked;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    checked.assert_settled();

    let mut orders = std::collections::HashSet::new();
    for Acknowledged { key, order_id } in &acknowledged {
        let id = order_id.parse().expect("an order id");
        assert_eq!(
            checked.placed.get(&id),
            Some(&1),
            "{order_id} was acknowledged, but is not in the log once"
        );
        assert!(orders.insert(order_id), "two keys, one order: {key}");
    }
    assert!(acknowledged.len() > CLIENTS, "hardly anything was acknowledged: {}", acknowledged.len());
    assert_ledger_agrees(&system, &checked).await;

    // Every read model and the index equal a fold of the log.
    let audit = system.command(&["audit", "read-models"]).output().expect("agrodeep audit");
    assert!(
        audit.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&audit.stdout),
        String::from_utf8_lossy(&audit.stderr)
    );
    println!(
        "{KILLS} kills, {} orders acknowledged, {} in the log, {} events: 0 lost, 0 doubled, 0 oversold",
        acknowledged.len(),
        checked.orders.len(),
        checked.events
    );
    assert!(system.terminate().success());
}

/// The provider's own ledger agrees with the log to the cent.
async fn assert_ledger_agrees(system: &System, checked: &checker::Checked) {
    use agrodeep_domain::order::OrderStatus;

    let pool = sqlx::PgPool::connect(&system.database_url()).await.expect("the database");
    let (captured, refunded): (i64, i64) = sqlx::query_as(
        "select coalesce(sum(captured), 0)::bigint, coalesce(sum(refunded), 0)::bigint from simulator_intents",
    )
    .fetch_one(&pool)
    .await
    .expect("the simulated provider's ledger");
    let due: i64 = checked
        .orders
        .values()
        .filter(|order| order.status != OrderStatus::Cancelled)
        .filter_map(|order| order.placed.as_ref().map(|placed| placed.total.hundredths()))
        .sum();
    assert_eq!(captured - refunded, due, "captured {captured}, refunded {refunded}, due {due}");
}
