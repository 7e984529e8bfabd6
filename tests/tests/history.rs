//! What an auditor reads of an order: all that happened, in order, and any state it ever had.

use agrodeep_event_store::{
    EventLog, Position,
    postgres::{LogLimits, PostgresLog},
};
use agrodeep_tests::{
    client::{Answer, Client, order_of},
    system::System,
};
use serde_json::{Value, json};

/// The state of an order as a client saw it while it was the present.
struct Seen {
    version: u64,
    order: Value,
}

async fn look(buyer: &Client, path: &str, after: &Answer, seen: &mut Vec<Seen>) {
    let order = buyer.get_after(path, after).await.expect(200).body;
    seen.push(Seen { version: order["version"].as_u64().expect("a version"), order });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_of_an_order_is_complete_and_any_past_state_can_be_read() {
    let mut system = System::start(&[]).await;
    let [producer, buyer, driver, admin, auditor] = [
        Client::demo(&system, "producer").await,
        Client::demo(&system, "buyer").await,
        Client::demo(&system, "driver").await,
        Client::demo(&system, "admin").await,
        Client::demo(&system, "auditor").await,
    ];
    let product = producer.offer("History", 5).await;
    let mut seen = Vec::new();

    let placed =
        buyer.post_with_key("/v1/orders", &order_of(&product, 2), "history-1").await.expect("an answer");
    let placed = placed.expect(202);
    let order_id = placed.text_at("/order_id");
    let path = format!("/v1/orders/{order_id}");
    look(&buyer, &path, &placed, &mut seen).await;

    let intent =
        buyer.post_with_key("/v1/payments/intent", &json!({"order_id": order_id}), "history-2").await;
    let intent = intent.expect("an answer").expect(201);
    let confirm =
        json!({"client_secret": intent.text_at("/client_secret"), "payment_method": "pm_card_visa"});
    buyer.post("/v1/payments/simulator/confirm", confirm).await.expect(200);
    let confirmed = buyer.get_until(&path, |order| order["status"] == "confirmed").await.body;
    seen.push(Seen { version: confirmed["version"].as_u64().expect("a version"), order: confirmed.clone() });

    let processed = producer.post(&format!("{path}/process"), json!({})).await.expect(200);
    look(&buyer, &path, &processed, &mut seen).await;
    let delivery = confirmed["delivery"]["id"].as_str().expect("a delivery").to_owned();
    let delivery = format!("/v1/deliveries/{delivery}");
    let driver_id = driver.get("/v1/auth/me").await.expect(200).text_at("/id");
    admin
        .post(&format!("{delivery}/assign"), json!({"driver_id": driver_id, "vehicle": "Kangoo"}))
        .await
        .expect(200);
    let picked_up = driver.post(&format!("{delivery}/pickup"), json!({})).await.expect(200);
    look(&buyer, &path, &picked_up, &mut seen).await;
    let point =
        json!({"lat": 45.75, "lng": 4.84, "accuracy": 10, "timestamp": chrono::Utc::now().to_rfc3339()});
    driver.post(&format!("{delivery}/positions"), json!({"points": [point]})).await.expect(202);
    let proof = json!({"signature": "S. Martin", "photo": "https://photos.example.org/1.jpg"});
    driver.post(&format!("{delivery}/deliver"), proof).await.expect(200);
    let delivered = buyer.get_until(&path, |order| order["status"] == "delivered").await.body;
    seen.push(Seen { version: delivered["version"].as_u64().expect("a version"), order: delivered.clone() });

    assert_past_states(&buyer, &path, &seen).await;
    assert_complete(&system, &auditor, &path, &order_id).await;

    // Somebody else's order is nobody's order.
    let stranger = Client::register(&system, "buyer", "stranger").await;
    for path in [path.clone(), format!("{path}/history"), format!("{path}?version=1")] {
        let _ = stranger.get(&path).await.expect(404);
    }
    assert!(system.terminate().success());
}

async fn assert_past_states(buyer: &Client, path: &str, seen: &[Seen]) {
    const FACTS: [&str; 6] =
        ["status", "status_history", "payment_status", "total_amount", "order_number", "version"];
    for Seen { version, order } in seen {
        let then = buyer.get(&format!("{path}?version={version}")).await.expect(200).body;
        for fact in FACTS {
            assert_eq!(then[fact], order[fact], "{fact} at version {version}");
        }
        // The moment of the last change, and a microsecond before it.
        let history = order["status_history"].as_array().expect("a history");
        for (index, change) in history.iter().enumerate() {
            let at = change["at"].as_str().expect("a time");
            let then = buyer.get(&format!("{path}?as_of={}", at.replace('+', "%2B"))).await.expect(200).body;
            assert_eq!(then["status"], change["status"], "as of {at}");
            let time: chrono::DateTime<chrono::Utc> = at.parse().expect("a time");
            let before = (time - chrono::Duration::microseconds(1))
                .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            let answer = buyer.get(&format!("{path}?as_of={before}")).await;
            if index == 0 {
                let _ = answer.expect(404);
            } else {
                assert_eq!(answer.expect(200).body["status"], history[index - 1]["status"], "as of {before}");
            }
        }
    }
    let last = seen.last().expect("something was seen").version;
    let _ = buyer.get(&format!("{path}?version={}", last + 1)).await.expect(404);
    let _ = buyer.get(&format!("{path}?version=0")).await.expect(400);
    let _ = buyer.get(&format!("{path}?as_of=2999-01-01T00:00:00Z")).await.expect(400);
}

async fn assert_complete(system: &System, auditor: &Client, path: &str, order_id: &str) {
    // The saga ends a moment after the order is delivered.
    let last_step = |history: &Value| {
        let entries = history["data"].as_array().expect("entries");
        entries.iter().any(|entry| entry["type"] == "FulfilmentCompleted")
    };
    let history = auditor.get_until(&format!("{path}/history?limit=100"), last_step).await.body;
    let entries = history["data"].as_array().expect("entries").clone();

    // Everything in the log that names the order is in its history, and nothing else, in the log's order.
    let log = PostgresLog::open(&system.database_url(), LogLimits::default()).await.expect("the log");
    let events = log.read(Position::START, 100_000).await.expect("events");
    let id: agrodeep_domain::OrderId = order_id.parse().expect("an order id");
    let mut concerned: Vec<_> = events
        .iter()
        .filter(|event| event.stream.uuid() == id.uuid() || event.payload.get().contains(order_id))
        .map(|event| event.stream.clone())
        .filter(|stream| &*stream.aggregate_type == "delivery")
        .collect();
    concerned.dedup();
    assert!(!concerned.is_empty(), "the order has a delivery");
    let expected: Vec<i64> = events
        .iter()
        .filter(|event| {
            event.stream.uuid() == id.uuid()
                || event.payload.get().contains(order_id)
                || concerned.iter().any(|delivery| delivery.aggregate_id == event.stream.aggregate_id)
        })
        .map(|event| event.position.0)
        .collect();
    let found: Vec<i64> =
        entries.iter().map(|entry| entry["position"].as_i64().expect("a position")).collect();
    assert_eq!(found, expected);

    let types: Vec<&str> = entries.iter().filter_map(|entry| entry["type"].as_str()).collect();
    for needed in [
        "OrderPlaced",
        "StockHeld",
        "PaymentRequested",
        "PaymentCaptured",
        "DeliveryScheduled",
        "OrderConfirmed",
        "LinesPrepared",
        "DriverAssigned",
        "OrderShipped",
        "DeliveryPickedUp",
        "HoldCommitted",
        "PositionsReported",
        "TransitStarted",
        "DeliveryCompleted",
        "OrderDelivered",
    ] {
        assert_eq!(types.iter().filter(|found| **found == needed).count(), 1, "{needed} in {types:?}");
    }
    for entry in &entries {
        for text in
            ["event_id", "stream", "actor", "occurred_at", "recorded_at", "causation_id", "correlation_id"]
        {
            assert!(entry[text].is_string(), "{text} of {entry}");
        }
        assert!(entry["data"].is_object(), "{entry}");
    }
    let actor_of = |name: &str| {
        let entry = entries.iter().find(|entry| entry["type"] == name).expect("an entry");
        entry["actor"].as_str().expect("an actor").split(':').next().expect("a role").to_owned()
    };
    assert_eq!(actor_of("OrderPlaced"), "buyer");
    assert_eq!(actor_of("StockHeld"), "system");
    assert_eq!(actor_of("LinesPrepared"), "producer");
    assert_eq!(actor_of("DriverAssigned"), "admin");
    assert_eq!(actor_of("DeliveryPickedUp"), "driver");

    // What the saga did because the order was placed belongs together with it.
    let correlation = &entries[0]["correlation_id"];
    for name in ["OrderPlaced", "StockHeld", "PaymentRequested"] {
        let entry = entries.iter().find(|entry| entry["type"] == name).expect("an entry");
        assert_eq!(&entry["correlation_id"], correlation, "{name}");
    }

    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut next = format!("{path}/history?limit=7");
    loop {
        let page = auditor.get(&next).await.expect(200).body;
        paged.extend(page["data"].as_array().expect("entries").clone());
        match page["meta"]["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}/history?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(paged, entries);
}
