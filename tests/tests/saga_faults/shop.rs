//! What buyers, a producer, an admin and a driver do, over HTTP.

use std::{sync::Arc, time::Duration};

use agrodeep_domain::OrderId;
use agrodeep_process_managers::order_fulfilment::delivery_id;
use agrodeep_tests::{
    client::{Answer, Client, order_of},
    processes::Processes,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a client was told by 2xx about one order.
pub struct Told {
    pub order_id: OrderId,
    pub cancelled: bool,
    pub delivered: bool,
}

/// Those who prepare and bring.
#[derive(Clone)]
pub struct Crew {
    pub producer: Client,
    admin: Client,
    driver: Client,
    driver_id: String,
}

impl Crew {
    /// Starts the write API and signs everybody in.
    pub async fn hire(processes: &mut Processes) -> Self {
        for role in ["producer", "admin", "driver"] {
            processes.account(role, &format!("{role}@faults.agrodeep.test"));
        }
        processes.start("write-api");
        processes.write_ready().await;
        let nobody = Client::of(&processes.write, &processes.read);
        let sign_in =
            async |role: &str| nobody.clone().sign_in(&format!("{role}@faults.agrodeep.test")).await;
        let (producer, admin, driver) =
            (sign_in("producer").await, sign_in("admin").await, sign_in("driver").await);
        let driver_id = driver.id().to_owned();
        Self { producer, admin, driver, driver_id }
    }
}

/// What a buyer has in mind.
#[derive(Clone, Copy, PartialEq)]
enum Wish {
    /// To forget about it.
    NeverPay,
    /// To pay by a card without money.
    Declined,
    /// To cancel at once.
    Cancel,
    /// To pay.
    Pay,
    /// To pay, and to cancel at once.
    PayAndCancel,
    /// To have the goods.
    Receive,
    /// Not to be at home when they come.
    BeOut,
}

/// Buys so many times, one after the other.
pub async fn shop(
    buyer: Client,
    crew: Crew,
    products: Arc<Vec<String>>,
    seed: u64,
    orders: usize,
) -> Vec<Told> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut told = Vec::with_capacity(orders);
    for _ in 0..orders {
        let product = &products[random.random_range(0..products.len())];
        let order = order_of(product, random.random_range(1..4));
        let placed = insist(&buyer, "/v1/orders", &order).await.expect(202);
        let order_id: OrderId = placed.text_at("/order_id").parse().expect("an order id");
        let wish = match random.random_range(0..100) {
            0..8 => Wish::NeverPay,
            8..16 => Wish::Declined,
            16..26 => Wish::Cancel,
            26..40 => Wish::PayAndCancel,
            40..60 => Wish::Receive,
            60..65 => Wish::BeOut,
            _ => Wish::Pay,
        };
        told.push(follow(&buyer, &crew, (order_id, product), wish).await);
    }
    told
}

async fn follow(buyer: &Client, crew: &Crew, (order_id, product): (OrderId, &str), wish: Wish) -> Told {
    let mut told = Told { order_id, cancelled: false, delivered: false };
    let card = match wish {
        Wish::NeverPay => return told,
        Wish::Cancel => {
            told.cancelled = cancel(buyer, order_id).await;
            return told;
        }
        Wish::Declined => "pm_card_chargeDeclined",
        Wish::Pay | Wish::PayAndCancel | Wish::Receive | Wish::BeOut => "pm_card_visa",
    };
    let intent = insist(buyer, "/v1/payments/intent", &json!({"order_id": order_id})).await;
    if intent.status.as_u16() != 201 {
        assert_eq!(intent.status.as_u16(), 409, "{}", intent.text);
        return told;
    }
    let confirm = json!({"client_secret": intent.text_at("/client_secret"), "payment_method": card});
    insist(buyer, "/v1/payments/simulator/confirm", &confirm).await;
    match wish {
        Wish::PayAndCancel => told.cancelled = cancel(buyer, order_id).await,
        Wish::Receive => told.delivered = bring(crew, (order_id, product), true).await,
        Wish::BeOut => {
            bring(crew, (order_id, product), false).await;
        }
        Wish::NeverPay | Wish::Cancel | Wish::Declined | Wish::Pay => {}
    }
    told
}

/// Whether it is cancelled: it may have been too late.
async fn cancel(buyer: &Client, order_id: OrderId) -> bool {
    let answer = insist(buyer, &format!("/v1/orders/{order_id}/cancel"), &json!({})).await;
    answer.status.is_success()
}

/// The producer prepares, of every second order less than was ordered; the driver comes; whether the goods were handed over.
async fn bring(crew: &Crew, (order_id, product): (OrderId, &str), at_home: bool) -> bool {
    let has_less = order_id.uuid().as_bytes()[15].is_multiple_of(2);
    // It takes the saga a while to confirm; an order without stock is never confirmed.
    let mut prepared = false;
    for _ in 0..100 {
        if has_less {
            let report = format!("/v1/orders/{order_id}/lines/{product}/report");
            let answer = insist(&crew.producer, &report, &json!({"available_quantity": 0.5})).await;
            if answer.body["error"] == "order_not_confirmed" {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        }
        let answer = insist(&crew.producer, &format!("/v1/orders/{order_id}/process"), &json!({})).await;
        prepared = answer.status.is_success();
        if prepared || answer.body["error"] == "order_cancelled" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    if !prepared {
        return false;
    }
    let delivery = format!("/v1/deliveries/{}", delivery_id(order_id, 1));
    let assign = json!({"driver_id": crew.driver_id});
    insist(&crew.admin, &format!("{delivery}/assign"), &assign).await.expect(200);
    insist(&crew.driver, &format!("{delivery}/pickup"), &json!({})).await.expect(200);
    if at_home {
        let proof = json!({"signature": "A. Buyer", "photo": "https://photos.example.org/faults.jpg"});
        insist(&crew.driver, &format!("{delivery}/deliver"), &proof).await.expect(200);
    } else {
        insist(&crew.driver, &format!("{delivery}/fail"), &json!({"reason": "Nobody at home"}))
            .await
            .expect(200);
    }
    at_home
}

/// Asks until an answer comes, with the same key each time: what a careful client does.
async fn insist(client: &Client, path: &str, body: &Value) -> Answer {
    let key = Uuid::now_v7().to_string();
    loop {
        match client.post_with_key(path, body, &key).await {
            Ok(answer)
                if !answer.status.is_server_error()
                    && answer.body["error"] != "idempotency_key_in_flight" =>
            {
                return answer;
            }
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
