//! An event as its readers see it.

use std::{borrow::Cow, sync::Arc};

use agrodeep_domain::{
    Account, AccountId, Aggregate, Delivery, DeliveryId, DeliveryTrack, Order, OrderId, Product, ProductId,
    id::EventId,
};
use agrodeep_event_store::{Position, RecordedEvent, StreamId};
use agrodeep_schemas::Masking;
use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// An event of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView<'a> {
    /// Where in the log.
    #[schema(value_type = i64)]
    pub position: Position,
    /// Which event.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    pub event_id: EventId,
    /// Whose event: `<aggregate type>-<uuid>`.
    #[schema(example = "order-01890a5d-ac96-774b-bcce-b302099a8057")]
    pub stream: String,
    /// The same as an id, as the other routes have it.
    #[schema(example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub subject: String,
    /// Its number within the stream, from 1.
    pub version: u64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "OrderPlaced")]
    pub event_type: &'a str,
    /// The version of its form.
    #[schema(example = "1")]
    pub event_version: &'a str,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
    /// Who did it: `<role>:<account id>` or `system:<name>`; for analysts, of people only the role.
    #[schema(example = "system:order_fulfilment")]
    pub actor: &'a str,
    /// What caused it: an event, or a command, whose id is that of its first event.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    pub causation_id: EventId,
    /// The same for all that follows from one request.
    pub correlation_id: Uuid,
    /// The W3C trace context of the cause.
    pub traceparent: Option<&'a str>,
    /// The command it came from.
    pub command_id: Uuid,
    /// Where something of `data` was hidden from you: JSON Pointers, `*` for every element; an empty one: all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub masked: Vec<String>,
    /// What it says; its form depends on `type` and `event_version`.
    #[schema(value_type = Object)]
    pub data: Cow<'a, RawValue>,
}

/// Shows events to somebody.
#[derive(Clone, Debug)]
pub struct Viewer {
    masking: Option<Arc<Masking>>,
}

/// An event that is not as the log stores events.
#[derive(Debug, thiserror::Error)]
#[error("the event at position {0} cannot be shown")]
pub struct Unshowable(pub Position);

impl Viewer {
    /// Shows all there is.
    pub fn unmasked() -> Self {
        Self { masking: None }
    }

    /// Hides what is personal.
    pub fn masked(masking: Arc<Masking>) -> Self {
        Self { masking: Some(masking) }
    }

    /// The event, as far as it may be seen.
    ///
    /// # Errors
    /// [`Unshowable`] says only where: what the event says may be personal.
    pub fn view<'a>(&self, event: &'a RecordedEvent) -> Result<EventView<'a>, Unshowable> {
        let (data, is_named) = inner(event);
        let (mut data, mut masked) = (Cow::Borrowed(data), vec![]);
        if let Some(masking) = &self.masking {
            // What is not as our events are may be anything.
            let name = if is_named { &*event.event_type } else { "" };
            let seen = masking
                .mask(&event.stream.aggregate_type, name, &event.event_version, &data)
                .map_err(|_| Unshowable(event.position))?;
            masked = seen.hidden;
            if let Some(seen) = seen.data {
                data = Cow::Owned(seen);
            }
        }
        let metadata = &event.metadata;
        Ok(EventView {
            position: event.position,
            event_id: EventId::from_uuid(event.event_id),
            stream: event.stream.to_string(),
            subject: subject(&event.stream),
            version: event.version,
            event_type: &event.event_type,
            event_version: &event.event_version,
            occurred_at: metadata.occurred_at,
            recorded_at: event.recorded_at,
            actor: self.actor(&metadata.actor),
            causation_id: EventId::from_uuid(metadata.causation_id),
            correlation_id: metadata.correlation_id,
            traceparent: metadata.traceparent.as_deref(),
            command_id: event.command_id,
            masked,
            data,
        })
    }

    fn actor<'a>(&self, actor: &'a str) -> &'a str {
        match actor.split_once(':') {
            Some((role, _)) if self.masking.is_some() && role != "system" => role,
            None if self.masking.is_some() => "",
            _ => actor,
        }
    }
}

/// An aggregate's id as clients know it; as the log has it where they know none.
pub fn subject(stream: &StreamId) -> String {
    let uuid = stream.uuid();
    match &*stream.aggregate_type {
        _ if stream.aggregate_id != uuid.into() => stream.aggregate_id.to_string(),
        Order::TYPE | "order_fulfilment" => OrderId::from_uuid(uuid).to_string(),
        Product::TYPE => ProductId::from_uuid(uuid).to_string(),
        Delivery::TYPE | DeliveryTrack::TYPE => DeliveryId::from_uuid(uuid).to_string(),
        Account::TYPE => AccountId::from_uuid(uuid).to_string(),
        _ => stream.aggregate_id.to_string(),
    }
}

/// What an event says, byte for byte: the log names it once more around that (`{"OrderPlaced":{…}}`). And whether it does.
fn inner(event: &RecordedEvent) -> (&RawValue, bool) {
    match serde_json::from_str::<Named>(event.payload.get()) {
        Ok(Named { name, data }) if name == event.event_type => (data, true),
        _ => (&event.payload, false),
    }
}

/// An object with one member.
struct Named<'a> {
    name: Cow<'a, str>,
    data: &'a RawValue,
}

impl<'de> Deserialize<'de> for Named<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneMember;
        impl<'de> Visitor<'de> for OneMember {
            type Value = Named<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with one member")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Named<'de>, M::Error> {
                let none = || serde::de::Error::custom("not one member");
                let (name, data) = map.next_entry::<Name<'de>, &'de RawValue>()?.ok_or_else(none)?;
                match map.next_entry::<IgnoredAny, IgnoredAny>()? {
                    None => Ok(Named { name: name.0, data }),
                    Some(_) => Err(none()),
                }
            }
        }
        deserializer.deserialize_map(OneMember)
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
