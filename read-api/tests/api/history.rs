//! Everything that happened to an order.

use serde_json::Value;

use crate::{
    people::{ADMIN, AUDITOR, BEEKEEPER, BUYER, GROWER},
    story::{Tale, catalogue, honey, tomatoes},
    world::World,
};

async fn delivered() -> (World, String) {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let (one, two) = (Tale::new(1), Tale::new(2));
    // Another order in between: nothing of it belongs here.
    for (mine, other) in one.until_delivered().into_iter().zip(two.until_delivered()) {
        world.happen_all([mine, other]).await;
    }
    let path = format!("/v1/orders/{}/history", one.order_id());
    (world, path)
}

fn kinds(history: &Value) -> Vec<(&str, &str)> {
    let entries = history["data"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| {
            (entry["stream"].as_str().unwrap().split('-').next().unwrap(), entry["type"].as_str().unwrap())
        })
        .collect()
}

const ALL: [(&str, &str); 20] = [
    ("order", "OrderPlaced"),
    ("order_fulfilment", "FulfilmentStarted"),
    ("product", "StockHeld"),
    ("product", "StockHeld"),
    ("order", "PaymentRequested"),
    ("order", "PaymentCaptured"),
    ("delivery", "DeliveryScheduled"),
    ("order", "OrderConfirmed"),
    ("delivery", "DriverAssigned"),
    ("order", "LinesPrepared"),
    ("order", "LinesPrepared"),
    ("order", "OrderShipped"),
    ("delivery", "DeliveryPickedUp"),
    ("product", "HoldCommitted"),
    ("product", "HoldCommitted"),
    ("delivery_track", "PositionsReported"),
    ("delivery", "TransitStarted"),
    ("delivery", "DeliveryCompleted"),
    ("order", "OrderDelivered"),
    ("order_fulfilment", "FulfilmentCompleted"),
];

#[tokio::test]
async fn the_history_has_every_event_of_the_order_in_order() {
    let (world, path) = delivered().await;
    for who in [BUYER, ADMIN, AUDITOR] {
        let history = world.get(who, &path).await.ok();
        assert_eq!(kinds(&history), ALL, "{}", who.name);
        assert_eq!(history["meta"]["next_cursor"], Value::Null);
    }
}

#[tokio::test]
async fn an_entry_says_who_did_what_when_and_why() {
    let (world, path) = delivered().await;
    let history = world.get(AUDITOR, &path).await.ok();
    let entries = history["data"].as_array().unwrap();
    let recorded = world.log.read(agrodeep_event_store::Position::START, 1000).await.unwrap();
    let mut position = 0;
    for entry in entries {
        assert!(entry["position"].as_i64().unwrap() > position, "in the order of the log");
        position = entry["position"].as_i64().unwrap();
        let event = recorded.iter().find(|event| event.position.0 == position).unwrap();
        assert_eq!(entry["stream"], event.stream.to_string());
        assert_eq!(entry["version"], event.version);
        assert_eq!(entry["event_version"], event.event_version.as_str());
        assert_eq!(entry["actor"], event.metadata.actor);
        assert_eq!(entry["correlation_id"], event.metadata.correlation_id.to_string());
        assert_eq!(entry["command_id"], event.command_id.to_string());
        assert_eq!(entry["traceparent"], event.metadata.traceparent.clone().unwrap());
        let event_id: agrodeep_domain::id::EventId = entry["event_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(event_id.uuid(), event.event_id);
        // Nothing caused these but their own commands, whose ids are those of their first events.
        assert_eq!(entry["causation_id"], entry["event_id"]);
        let time = |member: &str| -> chrono::DateTime<chrono::Utc> {
            entry[member].as_str().unwrap().parse().unwrap()
        };
        assert_eq!(time("occurred_at"), event.metadata.occurred_at);
        assert_eq!(time("recorded_at"), event.recorded_at);
        let payload: Value = serde_json::from_str(event.payload.get()).unwrap();
        assert_eq!(entry["data"], payload[event.event_type.as_str()]);
        assert!(entry.get("redacted").is_none());
    }
    assert_eq!(entries[0]["data"]["number"], "ORD-2024-08-15-0001");
}

#[tokio::test]
async fn a_long_history_comes_in_parts_without_a_gap() {
    let (world, path) = delivered().await;
    for who in [AUDITOR, GROWER] {
        let whole = world.get(who, &path).await.ok();
        for limit in [1, 3, 19, 20] {
            let mut parts: Vec<Value> = Vec::new();
            let mut next = format!("{path}?limit={limit}");
            loop {
                let answer = world.get(who, &next).await;
                let link = answer.header("link").to_owned();
                let part = answer.ok();
                assert!(part["data"].as_array().unwrap().len() <= limit);
                assert_eq!(part["meta"]["limit"], limit);
                parts.extend(part["data"].as_array().unwrap().clone());
                let Some(cursor) = part["meta"]["next_cursor"].as_str() else { break };
                next = format!("{path}?cursor={cursor}&limit={limit}");
                assert_eq!(link, format!("<{next}>; rel=\"next\""));
            }
            assert_eq!(&Value::from(parts), &whole["data"], "{} by {limit}", who.name);
        }
    }
}

#[tokio::test]
async fn a_producer_reads_what_concerns_its_own_lines() {
    let (world, path) = delivered().await;
    let answer = world.get(BEEKEEPER, &path).await;
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let history = answer.ok();
    let kinds = kinds(&history);
    assert_eq!(
        kinds,
        [
            ("order", "OrderPlaced"),
            ("product", "StockHeld"),
            ("delivery", "DeliveryScheduled"),
            ("order", "OrderConfirmed"),
            ("delivery", "DriverAssigned"),
            ("order", "LinesPrepared"),
            ("order", "OrderShipped"),
            ("delivery", "DeliveryPickedUp"),
            ("product", "HoldCommitted"),
            ("delivery", "TransitStarted"),
            ("delivery", "DeliveryCompleted"),
            ("order", "OrderDelivered"),
        ]
    );
    let placed = &history["data"][0];
    assert_eq!(placed["redacted"], true);
    assert_eq!(placed["data"]["lines"].as_array().unwrap().len(), 1);
    assert_eq!(placed["data"]["lines"][0]["product_id"], honey().to_string());
    let tomatoes = tomatoes();
    let hidden =
        [tomatoes.to_string(), tomatoes.uuid().to_string(), GROWER.id().to_string(), "Tomates".to_owned()];
    for hidden in
        hidden.iter().map(String::as_str).chain(["13.50", "Bellecour", "pi_1", "photo-1", "C. Martin"])
    {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}
