//! An order's history as JSON: every event that concerns it, as it stands in the log.

use std::collections::{BTreeMap, BTreeSet};

use agrodeep_domain::{
    AccountId, Aggregate, Delivery, DomainEvent, Order, Product, ProductId, delivery::DeliveryEvent,
    evolution, id::EventId, order::OrderEvent,
};
use agrodeep_event_store::{Position, RecordedEvent};
use agrodeep_http::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use utoipa::ToSchema;
use uuid::Uuid;

/// A part of an order's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryView {
    /// The events, in the order of the log.
    pub data: Vec<HistoryEntryView>,
    /// Where it goes on.
    pub meta: HistoryMeta,
}

/// Where an order's history goes on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryMeta {
    /// The most events of one answer.
    pub limit: usize,
    /// Send this as `cursor` for what comes next; null: there is nothing more yet.
    pub next_cursor: Option<String>,
}

/// An event that concerns an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryEntryView {
    /// Where in the log.
    #[schema(value_type = i64)]
    pub position: Position,
    /// Which event.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    pub event_id: EventId,
    /// Whose event: `<aggregate type>-<uuid>`.
    #[schema(example = "order-01890a5d-ac96-774b-bcce-b302099a8057")]
    pub stream: String,
    /// Its number within the stream, from 1.
    pub version: u64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "OrderPlaced")]
    pub event_type: String,
    /// The version of its form.
    #[schema(example = "1")]
    pub event_version: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
    /// Who did it: `<role>:<account id>` or `system:<name>`.
    #[schema(example = "system:order_fulfilment")]
    pub actor: String,
    /// What caused it: an event of the log, or a command, whose id is that of its first event. The event itself, if nothing
    /// in the log did.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    pub causation_id: EventId,
    /// The same for all that follows from one request.
    pub correlation_id: Uuid,
    /// The W3C trace context of the cause.
    pub traceparent: Option<String>,
    /// The command it came from.
    pub command_id: Uuid,
    /// What it says; its form depends on `type` and `event_version`.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
    /// Whether members of `data` that are not for whoever asks have been left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub redacted: bool,
}

impl HistoryEntryView {
    /// An event for those who see the whole order.
    ///
    /// # Errors
    /// When the event is not as the log stores events.
    pub fn whole(event: RecordedEvent) -> Result<Self, Problem> {
        let data = inner(&event)?;
        Ok(Self::with(event, data, false))
    }

    /// An event for `producer`, one of the order's, whose lines are of `products`. `None`: it is not for a producer. Neither
    /// are other producers' lines and amounts, nor what the buyer pays, who signed and where the driver is.
    ///
    /// # Errors
    /// When the event is not as the log stores events.
    pub fn for_producer(
        event: RecordedEvent,
        producer: AccountId,
        products: &BTreeSet<ProductId>,
    ) -> Result<Option<Self>, Problem> {
        let stream = &event.stream;
        let kept = match &*stream.aggregate_type {
            Product::TYPE if products.contains(&ProductId::from_uuid(stream.uuid())) => None,
            Order::TYPE => match order_event(read(&event)?, producer, products) {
                Kept::Nothing => return Ok(None),
                Kept::All => None,
                Kept::Without(members) => Some(members),
            },
            Delivery::TYPE => match read(&event)? {
                DeliveryEvent::DeliveryCompleted(_) => Some(Members::gone(&["signature", "photo"])),
                _ => None,
            },
            // Holds of others, the driver's track, and the steps of the fulfilment, which name everybody's lines.
            _ => return Ok(None),
        };
        let data = inner(&event)?;
        let Some(members) = kept else { return Ok(Some(Self::with(event, data, false))) };
        let data = members.leave_out(&data).map_err(|error| damaged(&event, &error))?;
        Ok(Some(Self::with(event, data, true)))
    }

    fn with(event: RecordedEvent, data: Box<RawValue>, redacted: bool) -> Self {
        let RecordedEvent {
            position,
            event_id,
            stream,
            version,
            event_type,
            event_version,
            payload: _,
            metadata,
            command_id,
            recorded_at,
        } = event;
        Self {
            position,
            event_id: EventId::from_uuid(event_id),
            stream: stream.to_string(),
            version,
            event_type,
            event_version,
            occurred_at: metadata.occurred_at,
            recorded_at,
            actor: metadata.actor,
            causation_id: EventId::from_uuid(metadata.causation_id),
            correlation_id: metadata.correlation_id,
            traceparent: metadata.traceparent,
            command_id,
            data,
            redacted,
        }
    }
}

/// What of an event of an order is for one of its producers.
enum Kept {
    All,
    Without(Members),
    Nothing,
}

/// Members of an event's data that are not for everybody.
struct Members {
    gone: &'static [&'static str],
    lines_of: Option<AccountId>,
}

impl Members {
    const fn gone(gone: &'static [&'static str]) -> Self {
        Self { gone, lines_of: None }
    }

    fn leave_out(&self, data: &RawValue) -> Result<Box<RawValue>, serde_json::Error> {
        let mut value: Value = serde_json::from_str(data.get())?;
        if let Some(object) = value.as_object_mut() {
            object.retain(|member, _| !self.gone.contains(&member.as_str()));
        }
        if let (Some(producer), Some(lines)) = (self.lines_of, value["lines"].as_array_mut()) {
            let producer = producer.to_string();
            lines.retain(|line| line["producer_id"] == producer.as_str());
        }
        serde_json::value::to_raw_value(&value)
    }
}

fn order_event(event: OrderEvent, producer: AccountId, products: &BTreeSet<ProductId>) -> Kept {
    match event {
        OrderEvent::OrderPlaced(_) => {
            Kept::Without(Members { gone: &["total", "billing_address"], lines_of: Some(producer) })
        }
        OrderEvent::LinesPrepared(event) if event.producer_id != producer => Kept::Nothing,
        OrderEvent::LineAdjusted(event) if !products.contains(&event.product_id) => Kept::Nothing,
        OrderEvent::OrderCancelled(event) if event.refund_due.is_some() => {
            Kept::Without(Members::gone(&["refund_due"]))
        }
        OrderEvent::DeliveryAgreed(_)
        | OrderEvent::OrderConfirmed(_)
        | OrderEvent::LinesPrepared(_)
        | OrderEvent::OrderShipped(_)
        | OrderEvent::OrderDelivered(_)
        | OrderEvent::OrderCancelled(_)
        | OrderEvent::LineAdjusted(_)
        | OrderEvent::DeliveryRescheduled(_)
        | OrderEvent::DeliveryGivenUp(_) => Kept::All,
        OrderEvent::PaymentRequested(_)
        | OrderEvent::PaymentCaptured(_)
        | OrderEvent::PaymentDeclined(_)
        | OrderEvent::RefundRequested(_)
        | OrderEvent::PaymentRefunded(_)
        | OrderEvent::PartialRefundRequested(_)
        | OrderEvent::PartialRefunded(_) => Kept::Nothing,
    }
}

/// What an event says, byte for byte: the log names it once more around that (`{"OrderPlaced":{…}}`).
fn inner(event: &RecordedEvent) -> Result<Box<RawValue>, Problem> {
    let named: BTreeMap<&str, &RawValue> =
        serde_json::from_str(event.payload.get()).map_err(|error| damaged(event, &error))?;
    Ok(named.get(event.event_type.as_str()).map_or(&*event.payload, |data| *data).to_owned())
}

fn read<E: DomainEvent>(event: &RecordedEvent) -> Result<E, Problem> {
    evolution::read(&event.event_type, &event.event_version, event.payload.get()).map_err(|error| {
        // An error that quotes nothing of what the event says.
        tracing::error!(position = event.position.0, %error, "an event cannot be read");
        Problem::internal()
    })
}

fn damaged(event: &RecordedEvent, error: &serde_json::Error) -> Problem {
    // Never the error's own words: they may quote what the event says of a person.
    let (position, line, column) = (event.position.0, error.line(), error.column());
    tracing::error!(position, line, column, "an event cannot be read");
    Problem::internal()
}
