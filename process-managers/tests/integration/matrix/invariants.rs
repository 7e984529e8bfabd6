//! What every log must show of the saga, whatever happened: nothing was done before it was recorded that it would be, and
//! everything that can come twice has an id by which it is recognised.

use std::collections::HashMap;

use agrodeep_commands::command_id::derived;
use agrodeep_domain::{Actor, Aggregate, Order, OrderId};
use agrodeep_event_store::{Position, RecordedEvent, StreamId};
use agrodeep_process_managers::{
    OrderFulfilment,
    order_fulfilment::{CompensationsPlanned, EffectsPlanned, OrderFulfilmentEvent},
};
use serde_json::Value;
use uuid::Uuid;

use super::super::market::Market;

/// Of one order: its messages from the provider.
pub async fn check_order(market: &Market, order_id: OrderId) {
    let stream = StreamId::new(Order::TYPE, order_id.uuid());
    for event in market.log.load(&stream, 0).await.unwrap() {
        message_is_recognisable(&event);
    }
}

/// Of the whole log.
pub async fn check_log(market: &Market) {
    let events = market.log.read(Position::START, 1_000_000).await.unwrap();
    let planned = plans(&events);
    let mut done = 0;
    for event in &events {
        message_is_recognisable(event);
        if let Some(at) = planned.get(&event.command_id) {
            done += 1;
            let (what, when) = (&event.event_type, event.position);
            assert!(*at < when, "{what} at {when} was done before it was recorded at {at} that it would be");
        }
    }
    assert!(planned.is_empty() || done > 0, "no effect is in the log under its id");
}

/// The ids under which effects are done, and where it was recorded that they would be.
fn plans(events: &[RecordedEvent]) -> HashMap<Uuid, Position> {
    let mut planned = HashMap::new();
    for event in events.iter().filter(|event| *event.stream.aggregate_type == *OrderFulfilment::TYPE) {
        if let OrderFulfilmentEvent::EffectsPlanned(EffectsPlanned { effects })
        | OrderFulfilmentEvent::CompensationsPlanned(CompensationsPlanned { effects }) =
            serde_json::from_str(event.payload.get()).unwrap()
        {
            for effect in effects {
                planned.insert(effect.effect_id, event.position);
                // The further commands of a step.
                for name in ["order", "cancel"] {
                    planned.insert(derived(effect.effect_id, name), event.position);
                }
            }
        }
    }
    planned
}

/// What the provider has told is in the log under the id that the same message will have when it comes again.
fn message_is_recognisable(event: &RecordedEvent) {
    if event.metadata.actor != Actor::system("payment_provider").to_string() {
        return;
    }
    let payload: Value = serde_json::from_str(event.payload.get()).unwrap();
    // The event's name, and in it what it says.
    let said = payload.as_object().and_then(|event| event.values().next()).unwrap();
    let message = said["provider_event_id"].as_str().unwrap();
    let expected = derived(event.stream.uuid(), &format!("provider_event:{message}"));
    assert_eq!(event.command_id, expected, "{message} would not be recognised if it came again");
}
