//! A log that an older version has written: its events have older forms, and everything goes on with them.

use agrodeep_tests::{
    checker,
    client::{Client, order_of},
    system::System,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

/// Makes of the log what version 1 of `DeliveryScheduled` and of the fulfilment's events would have left, and forgets all that was made from it.
const AS_IT_WAS: &[&str] = &[
    "alter table events disable trigger user",
    "update events set event_version = '1', payload = jsonb_set(
         payload::jsonb #- '{DeliveryScheduled,window}', '{DeliveryScheduled,preferred_date}',
         to_jsonb(substr(payload #>> '{DeliveryScheduled,window,from}', 1, 10)))::json
     where event_type = 'DeliveryScheduled'",
    "update events set event_version = '1' where event_type in ('FactObserved', 'EffectsPlanned', 'EffectsDone')",
    "alter table events enable trigger user",
    "drop schema read_models cascade",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_with_events_of_an_older_version_is_gone_on_with_everywhere() {
    let mut system = System::start(&[]).await;
    let [producer, buyer] = [Client::demo(&system, "producer").await, Client::demo(&system, "buyer").await];
    let product = producer.offer("Old log", 5).await;
    let mut order = order_of(&product, 2);
    order["preferred_delivery_date"] = json!("2031-05-06");
    let placed = buyer.post_with_key("/v1/orders", &order, "old-1").await.expect("an answer").expect(202);
    let path = format!("/v1/orders/{}", placed.text_at("/order_id"));
    let intent = json!({"order_id": placed.text_at("/order_id")});
    let intent = buyer.post_with_key("/v1/payments/intent", &intent, "old-2").await;
    let intent = intent.expect("an answer").expect(201);
    let confirm =
        json!({"client_secret": intent.text_at("/client_secret"), "payment_method": "pm_card_visa"});
    buyer.post("/v1/payments/simulator/confirm", confirm).await.expect(200);
    let confirmed = buyer.get_until(&path, |order| order["status"] == "confirmed").await;

    let mut database = PgConnection::connect(&system.database_url()).await.expect("the database");
    for statement in AS_IT_WAS {
        sqlx::query(statement).execute(&mut database).await.expect(statement);
    }
    let stored: Vec<(String, bool, String)> = sqlx::query_as(
        "select event_version, (payload #> '{DeliveryScheduled,window}') is null,
                payload #>> '{DeliveryScheduled,preferred_date}'
         from events where event_type = 'DeliveryScheduled'",
    )
    .fetch_all(&mut database)
    .await
    .expect("the delivery's event");
    assert_eq!(stored, [("1".to_owned(), true, "2031-05-06".to_owned())]);
    drop(database);
    system.kill_9();
    system.up().await;

    // Read models are folded from it, by the wish of the buyer, too.
    let buyer = Client::demo(&system, "buyer").await;
    let again = buyer.get_until(&path, |order| order["status"] == "confirmed").await;
    assert_eq!(again.body, confirmed.body);
    // Commands are decided on it, and the process manager finds the order of the delivery.
    let [producer, driver, admin, auditor] = [
        Client::demo(&system, "producer").await,
        Client::demo(&system, "driver").await,
        Client::demo(&system, "admin").await,
        Client::demo(&system, "auditor").await,
    ];
    producer.post(&format!("{path}/process"), json!({})).await.expect(200);
    let delivery = format!("/v1/deliveries/{}", confirmed.text_at("/delivery/id"));
    let driver_id = driver.get("/v1/auth/me").await.expect(200).text_at("/id");
    admin.post(&format!("{delivery}/assign"), json!({"driver_id": driver_id})).await.expect(200);
    driver.post(&format!("{delivery}/pickup"), json!({})).await.expect(200);
    let proof = json!({"signature": "S. Martin", "photo": "https://photos.example.org/1.jpg"});
    let brought = driver.post(&format!("{delivery}/deliver"), proof).await.expect(200);
    buyer.get_until(&path, |order| order["status"] == "delivered").await;

    // History shows what is in the log, and time travel what it meant.
    let history = auditor.get_after(&format!("{path}/history"), &brought).await.expect(200).body;
    let entries = history["data"].as_array().expect("entries");
    let scheduled = entries.iter().find(|entry| entry["type"] == "DeliveryScheduled").expect("the event");
    assert_eq!((&scheduled["event_version"], &scheduled["data"]["window"]), (&json!("1"), &Value::Null));
    let first = buyer.get_after(&format!("{delivery}/track?version=1"), &brought).await.expect(200).body;
    assert_eq!((&first["status"], &first["version"]), (&json!("scheduled"), &json!(1)));
    let diff = format!("{delivery}/history/diff?from=1&to=2");
    let diff = buyer.get_after(&diff, &brought).await.expect(200).body;
    assert!(diff["changes"].as_array().expect("changes").iter().any(|change| change["path"] == "/driver"));

    checker::check(&system.database_url()).await.assert_settled();
    let audit = system.command(&["audit", "read-models"]).output().expect("the audit");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    let mut database = PgConnection::connect(&system.database_url()).await.expect("the database");
    let windows: Vec<(Option<DateTime<Utc>>, Option<DateTime<Utc>>)> =
        sqlx::query_as("select window_from, window_until from read_models.deliveries")
            .fetch_all(&mut database)
            .await
            .expect("the deliveries");
    let midnight = |day: &str| format!("{day}T00:00:00Z").parse().ok();
    assert_eq!(windows, [(midnight("2031-05-06"), midnight("2031-05-07"))]);
    drop(database);
    assert!(system.terminate().success());
}
