//! What the auditor sees of an order.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{cast::Cast, narrator::Narrator};

/// Shows every event of an order, and the order as it was at the first of its versions.
pub async fn show(cast: &mut Cast, order_id: &str, narrator: &mut Narrator) -> Result<()> {
    narrator.step(format!("The auditor asks for the history of {order_id}"));
    let mut events = vec![];
    let first_page = format!("/v1/orders/{order_id}/history?limit=100");
    let mut path = first_page.clone();
    loop {
        let page = cast.get(&cast.auditor, &path).await?;
        events.extend_from_slice(page.list("/data")?);
        match page.body.pointer("/meta/next_cursor").and_then(Value::as_str) {
            Some(cursor) if !page.list("/data")?.is_empty() => path = format!("{first_page}&cursor={cursor}"),
            _ => break,
        }
    }
    narrator.came_back_as(&table(&events)?);
    check(&events)?;
    narrator
        .came_back(format!("200: {} events, each with who did it and what it followed from", events.len()));

    narrator.step("The buyer asks for the order as it was at its first version");
    let first = cast.get(&cast.buyer, &format!("/v1/orders/{order_id}?version=1")).await?;
    first.promised("/status", "pending")?;
    first.promised("/payment_status", "none")?;
    narrator.came_back("200: pending, nothing paid yet");
    Ok(())
}

fn table(events: &[Value]) -> Result<Vec<[String; 6]>> {
    let mut rows = vec![["position", "at (UTC)", "stream", "event", "by", "after"].map(str::to_owned)];
    // What an event followed from is another event; requests follow from nothing in the log.
    let mut positions = HashMap::new();
    for event in events {
        positions.insert(text(event, "event_id")?, event["position"].to_string());
    }
    for event in events {
        let (id, cause) = (text(event, "event_id")?, text(event, "causation_id")?);
        let cause = positions.get(cause).filter(|_| cause != id);
        let (aggregate, uuid) = text(event, "stream")?.split_once('-').context("a stream without an id")?;
        let actor = text(event, "actor")?;
        let (role, who) = actor.split_once(':').context("an actor without a role")?;
        rows.push([
            event["position"].to_string(),
            text(event, "occurred_at")?
                .chars()
                .skip("2024-08-15T".len())
                .take("12:00:00.000".len())
                .collect(),
            format!("{aggregate} …{}", &uuid[uuid.len().saturating_sub(6)..]),
            text(event, "type")?.to_owned(),
            if role == "system" { who.to_owned() } else { role.to_owned() },
            cause.cloned().unwrap_or_default(),
        ]);
    }
    Ok(rows)
}

fn text<'a>(event: &'a Value, field: &str) -> Result<&'a str> {
    event[field].as_str().with_context(|| format!("an event of the history has no {field}: {event}"))
}

/// What a delivered order's history must hold, in this order, and that it is in the log's order.
fn check(events: &[Value]) -> Result<()> {
    let types: Vec<_> = events.iter().map(|event| text(event, "type")).collect::<Result<_>>()?;
    let mut rest = types.iter();
    for expected in [
        "OrderPlaced",
        "StockHeld",
        "PaymentRequested",
        "PaymentCaptured",
        "DeliveryScheduled",
        "OrderConfirmed",
        "LinesPrepared",
        "DriverAssigned",
        "OrderShipped",
        "DeliveryCompleted",
        "OrderDelivered",
    ] {
        ensure!(
            rest.any(|found| *found == expected),
            "the history has no {expected} where it must be: {types:?}"
        );
    }
    let positions: Vec<_> = events.iter().filter_map(|event| event["position"].as_u64()).collect();
    ensure!(positions.len() == events.len(), "an event of the history has no position");
    ensure!(
        positions.is_sorted_by(|a, b| a < b),
        "the history is not in the order of the log: {positions:?}"
    );
    Ok(())
}
