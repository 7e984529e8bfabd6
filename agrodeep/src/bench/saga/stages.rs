//! How long orders took from one event to the next, as the log has it.

use std::{collections::HashMap, time::Duration};

use agrodeep_domain::OrderId;
use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::buyer::{Goal, Shop};
use crate::bench::durations::Latencies;

/// An order's way: the event that ends a stage, and what the stage is. Where an event comes several times, the last one counts.
const WAY: [(&str, &str); 10] = [
    ("OrderPlaced", ""),
    ("StockHeld", "stock held of both lines"),
    ("PaymentRequested", "payment requested"),
    ("PaymentCaptured", "paid: the buyer confirms, the webhook comes"),
    ("DeliveryScheduled", "delivery scheduled"),
    ("OrderConfirmed", "confirmed"),
    ("LinesPrepared", "prepared by the producer"),
    ("OrderShipped", "assigned and picked up"),
    ("OrderDelivered", "delivered"),
    ("FulfilmentCompleted", "saga at its end"),
];

const CONFIRMED: usize = 5;

/// An event, as far as it matters here.
#[derive(Deserialize)]
struct Event {
    stream: String,
    #[serde(rename = "type")]
    event_type: String,
    recorded_at: DateTime<Utc>,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default)]
    order_id: Option<OrderId>,
}

/// The last line of a replay.
#[derive(Deserialize)]
struct Last {
    end: End,
}

#[derive(Deserialize)]
struct End {
    complete: bool,
}

/// When each order was where.
#[derive(Default)]
pub struct Stages {
    /// How many events the log got.
    pub events: u64,
    orders: HashMap<String, [Option<DateTime<Utc>>; WAY.len()]>,
}

impl Stages {
    /// Of what came into the log after position `head`.
    pub async fn of(shop: &Shop, head: i64) -> anyhow::Result<Self> {
        let mut answer = shop.stream(&format!("/v1/events?after={head}"), "application/x-ndjson").await?;
        let mut stages = Self::default();
        let mut is_complete = false;
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await? {
            text.extend_from_slice(&part);
            let Some(end) = text.iter().rposition(|&byte| byte == b'\n') else { continue };
            let lines: Vec<u8> = text.drain(..=end).collect();
            for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                match serde_json::from_slice::<Last>(line) {
                    Ok(last) => is_complete = last.end.complete,
                    Err(_) => stages.note(serde_json::from_slice(line).context("a line of /v1/events")?),
                }
            }
        }
        ensure!(is_complete, "the events of a round were not told to their end");
        Ok(stages)
    }

    fn note(&mut self, event: Event) {
        self.events += 1;
        let Some(stage) = WAY.iter().position(|(event_type, _)| *event_type == event.event_type) else {
            return;
        };
        // An order, or the fulfilment of the same id; of others the event says which order it is about.
        let order = match event.data.order_id {
            Some(order_id) => order_id.uuid().to_string(),
            None => match event.stream.split_once('-') {
                Some((_, id)) => id.to_owned(),
                None => return,
            },
        };
        self.orders.entry(order).or_default()[stage] = Some(event.recorded_at);
    }

    /// The stages on the way to `goal`, of the orders that have arrived.
    pub fn latencies(&self, goal: Goal) -> Vec<(&'static str, Latencies)> {
        let last = match goal {
            Goal::Confirmed => CONFIRMED,
            Goal::Delivered => WAY.len() - 1,
        };
        let mut stages: Vec<_> =
            WAY[1..=last].iter().map(|(_, name)| (*name, Latencies::default())).collect();
        for times in self.orders.values() {
            let Some(times) = times[..=last].iter().copied().collect::<Option<Vec<_>>>() else { continue };
            for (stage, pair) in stages.iter_mut().zip(times.windows(2)) {
                // The log's clock does not go back, but what two streams tell may cross.
                stage.1.record((pair[1] - pair[0]).to_std().unwrap_or(Duration::ZERO));
            }
        }
        stages
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;

    fn told(order_id: OrderId, event_type: &str, stream: &str, millisecond: i64) -> Event {
        let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::milliseconds(millisecond);
        let mut event =
            json!({ "stream": stream, "type": event_type, "recorded_at": at, "data": { "note": "other" } });
        if !stream.starts_with("order") {
            event["data"]["order_id"] = json!(order_id);
        }
        serde_json::from_value(event).expect("an event")
    }

    #[test]
    fn a_stage_goes_from_the_last_event_of_one_kind_to_the_last_of_the_next() {
        let order_id: OrderId = "ord_01h455vb4pex5vsknk084sn02q".parse().expect("an id");
        let order = format!("order-{}", order_id.uuid());
        let mut stages = Stages::default();
        for (event_type, stream, millisecond) in [
            ("OrderPlaced", order.as_str(), 0),
            ("StockHeld", "product-1", 5),
            ("StockHeld", "product-2", 7),
            ("PaymentRequested", &order, 10),
            ("PaymentCaptured", &order, 30),
            ("DeliveryScheduled", "delivery-1", 34),
            ("FulfilmentStarted", "order_fulfilment-1", 34),
            ("OrderConfirmed", &order, 40),
        ] {
            stages.note(told(order_id, event_type, stream, millisecond));
        }
        assert_eq!(stages.events, 8);
        let mut confirmed = stages.latencies(Goal::Confirmed);
        let took: Vec<f64> =
            confirmed.iter_mut().map(|(_, latencies)| latencies.percentile_ms(50.0)).collect();
        assert_eq!(took, [7.0, 3.0, 20.0, 4.0, 6.0]);
        // It has not been delivered: of that way it is not.
        assert!(stages.latencies(Goal::Delivered).iter().all(|(_, latencies)| latencies.count() == 0));
    }
}
