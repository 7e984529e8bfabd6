//! Events of the log as the facts they tell: deserialised at most once, whoever asks.

use std::sync::OnceLock;

use agrodeep_domain::{
    Account, Aggregate, Delivery, DeliveryTrack, DomainEvent, Order, OrderFulfilment, Product,
    account::AccountEvent, delivery::DeliveryEvent, delivery_track::DeliveryTrackEvent, evolution,
    order::OrderEvent, order_fulfilment::OrderFulfilmentEvent, product::ProductEvent,
};
use agrodeep_event_store::{Position, RecordedEvent};

/// What an event tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    Account(AccountEvent),
    Product(ProductEvent),
    Order(OrderEvent),
    Delivery(DeliveryEvent),
    Track(DeliveryTrackEvent),
    Fulfilment(OrderFulfilmentEvent),
}

/// Why an event cannot be applied. Never quotes the payload: it may hold personal data, and this is logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Poison {
    #[error("streams of type {0} are unknown")]
    UnknownAggregate(String),
    #[error(transparent)]
    Unreadable(#[from] evolution::Unreadable),
    #[error("nothing is known of what it changes")]
    Missing,
    #[error("it is version {found} of its stream, but {expected} is next")]
    Gap { expected: u64, found: u64 },
    #[error("the database refuses what follows from it ({0})")]
    Refused(String),
}

impl Poison {
    /// The kind of error, for programs.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::UnknownAggregate(_) => "unknown_aggregate",
            Self::Unreadable(evolution::Unreadable::UnknownEvent(_)) => "unknown_event",
            Self::Unreadable(evolution::Unreadable::UnknownVersion { .. }) => "unknown_version",
            Self::Unreadable(evolution::Unreadable::Payload { .. }) => "unreadable_payload",
            Self::Unreadable(evolution::Unreadable::OtherName { .. }) => "other_name",
            Self::Missing => "missing_beginning",
            Self::Gap { .. } => "version_gap",
            Self::Refused(_) => "refused_by_database",
        }
    }
}

/// An event of the log, and once somebody has asked, the fact it tells.
#[derive(Debug)]
pub(crate) struct LogEvent {
    pub recorded: RecordedEvent,
    fact: OnceLock<Result<Fact, Poison>>,
}

impl LogEvent {
    pub fn new(recorded: RecordedEvent) -> Self {
        Self { recorded, fact: OnceLock::new() }
    }

    pub fn position(&self) -> Position {
        self.recorded.position
    }

    /// Its stream's type.
    pub fn aggregate_type(&self) -> &str {
        &self.recorded.stream.aggregate_type
    }

    /// What it tells.
    pub fn fact(&self) -> Result<&Fact, Poison> {
        self.fact.get_or_init(|| interpret(&self.recorded)).as_ref().map_err(Clone::clone)
    }

    /// That it follows on version `before` of its stream: a reader that skipped an event would be found here.
    pub fn follows(&self, before: u64) -> Result<(), Poison> {
        if self.recorded.version == before + 1 {
            Ok(())
        } else {
            Err(Poison::Gap { expected: before + 1, found: self.recorded.version })
        }
    }
}

fn interpret(event: &RecordedEvent) -> Result<Fact, Poison> {
    match &*event.stream.aggregate_type {
        Account::TYPE => read(event).map(Fact::Account),
        Product::TYPE => read(event).map(Fact::Product),
        Order::TYPE => read(event).map(Fact::Order),
        Delivery::TYPE => read(event).map(Fact::Delivery),
        DeliveryTrack::TYPE => read(event).map(Fact::Track),
        OrderFulfilment::TYPE => read(event).map(Fact::Fulfilment),
        other => Err(Poison::UnknownAggregate(other.to_owned())),
    }
}

fn read<E: DomainEvent>(event: &RecordedEvent) -> Result<E, Poison> {
    Ok(evolution::read(&event.event_type, &event.event_version, event.payload.get())?)
}
