//! Which events of the log matter to which order's fulfilment.

use std::num::NonZeroUsize;

use agrodeep_domain::{
    Actor, Aggregate, Delivery, DeliveryId, DomainEvent, Order, OrderFulfilment, OrderId, Product, ProductId,
    delivery::{DeliveryEvent, DeliveryScheduled},
    evolution,
    order::{Conductor, LineAdjusted, OrderEvent},
    product::ProductEvent,
};
use agrodeep_event_store::{LogError, RecordedEvent, SharedLog};
use lru::LruCache;

use crate::{
    effects::ACTOR,
    metrics,
    order_fulfilment::{self, Fact, OrderFulfilmentEvent, StartFulfilment, Step, Yield},
};

/// How many orders and deliveries are remembered; what is forgotten is looked up in the log.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");

/// What an event says to an order's fulfilment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum News {
    /// The order was placed.
    Placed(StartFulfilment),
    /// Something happened to it.
    Fact(Fact),
    /// A step has been done: stock is held, a delivery is scheduled. Whoever did it has recorded that, unless it died before. What
    /// was refused to everybody else meanwhile is done all the same, and has to be undone.
    Done(Step, Option<Yield>),
    /// A person has decided about its fulfilment; what follows is on record.
    Decided,
}

/// Why an event cannot be routed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoutingError {
    /// It is not what it must be. Asking again changes nothing.
    #[error("{event_type} at position {position} cannot be read: {reason}")]
    Unreadable {
        /// Its name.
        event_type: String,
        /// Where it is.
        position: agrodeep_event_store::Position,
        /// Why not.
        reason: String,
    },
    /// The log cannot be reached.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Routes events to orders.
pub(super) struct Routing {
    log: SharedLog,
    order_of: LruCache<DeliveryId, OrderId>,
    /// Orders that are not ours.
    imported: LruCache<OrderId, ()>,
}

impl Routing {
    pub fn new(log: SharedLog) -> Self {
        Self { log, order_of: LruCache::new(REMEMBERED), imported: LruCache::new(REMEMBERED) }
    }

    /// The order whose fulfilment must know of this event, and what it says; `None`: none must.
    pub async fn route(&mut self, event: &RecordedEvent) -> Result<Option<(OrderId, News)>, RoutingError> {
        let routed = if *event.stream.aggregate_type == *Order::TYPE {
            of_order(event)?
        } else if *event.stream.aggregate_type == *Delivery::TYPE {
            self.of_delivery(event).await?
        } else if *event.stream.aggregate_type == *Product::TYPE {
            of_product(event)?
        } else if *event.stream.aggregate_type == *OrderFulfilment::TYPE {
            let order_id = OrderId::from_uuid(event.stream.uuid());
            if self.imported.contains(&order_id) { None } else { of_fulfilment(order_id, event)? }
        } else {
            None
        };
        if let Some((order_id, News::Placed(start))) = &routed
            && start.conductor == Conductor::Import
        {
            self.imported.put(*order_id, ());
        }
        Ok(routed.filter(|(order_id, _)| !self.imported.contains(order_id)))
    }

    async fn of_delivery(&mut self, event: &RecordedEvent) -> Result<Option<(OrderId, News)>, RoutingError> {
        let delivery_id = DeliveryId::from_uuid(event.stream.uuid());
        let fact = match decode(event)? {
            DeliveryEvent::DeliveryScheduled(scheduled) => {
                self.order_of.put(delivery_id, scheduled.order_id);
                return Ok(Some((scheduled.order_id, scheduled_by(delivery_id, &scheduled))));
            }
            DeliveryEvent::DeliveryCompleted(_) => Fact::DeliveryCompleted(delivery_id),
            DeliveryEvent::DeliveryFailed(_) => Fact::DeliveryFailed(delivery_id),
            DeliveryEvent::DriverAssigned(_)
            | DeliveryEvent::DeliveryPickedUp(_)
            | DeliveryEvent::TransitStarted(_)
            | DeliveryEvent::DeliveryCancelled(_) => return Ok(None),
        };
        if let Some(order_id) = self.order_of.get(&delivery_id) {
            return Ok(Some((*order_id, News::Fact(fact))));
        }
        for event in self.log.load(&event.stream, 0).await? {
            if let DeliveryEvent::DeliveryScheduled(scheduled) = decode(&event)? {
                return Ok(Some((scheduled.order_id, News::Fact(fact))));
            }
        }
        Err(unreadable(event, &"the delivery was never scheduled"))
    }
}

/// The step that has scheduled a delivery.
fn scheduled_by(delivery_id: DeliveryId, scheduled: &DeliveryScheduled) -> News {
    let is_first = delivery_id == order_fulfilment::delivery_id(scheduled.order_id, 1);
    let step = if is_first { Step::ScheduleDelivery } else { Step::RescheduleDelivery };
    let tracking_number = scheduled.tracking_number;
    News::Done(step, Some(Yield::Delivery { delivery_id, tracking_number }))
}

fn of_product(event: &RecordedEvent) -> Result<Option<(OrderId, News)>, RoutingError> {
    let ProductEvent::StockHeld(held) = decode(event)? else { return Ok(None) };
    let step = Step::HoldStock(ProductId::from_uuid(event.stream.uuid()));
    Ok(Some((held.order_id, News::Done(step, None))))
}

/// Of what is recorded about fulfilments only that matters which the runner has not recorded itself: a person's choice, and what
/// was planned with it.
fn of_fulfilment(order_id: OrderId, event: &RecordedEvent) -> Result<Option<(OrderId, News)>, RoutingError> {
    if event.metadata.actor == Actor::system(ACTOR).to_string() {
        return Ok(None);
    }
    let recorded: OrderFulfilmentEvent = decode(event)?;
    let news = match recorded {
        OrderFulfilmentEvent::RetryOrdered(_)
        | OrderFulfilmentEvent::StepSkipped(_)
        | OrderFulfilmentEvent::FulfilmentAbandoned(_)
        | OrderFulfilmentEvent::FulfilmentPaused(_)
        | OrderFulfilmentEvent::FulfilmentResumed(_) => Some((order_id, News::Decided)),
        OrderFulfilmentEvent::CompensationsPlanned(_) => None,
        OrderFulfilmentEvent::FulfilmentStarted(_)
        | OrderFulfilmentEvent::FactObserved(_)
        | OrderFulfilmentEvent::DeadlinePassed(_)
        | OrderFulfilmentEvent::PaymentTimeExtended(_)
        | OrderFulfilmentEvent::UnwindingStarted(_)
        | OrderFulfilmentEvent::EffectsPlanned(_)
        | OrderFulfilmentEvent::EffectsDone(_)
        | OrderFulfilmentEvent::EffectRefused(_)
        | OrderFulfilmentEvent::EffectFailed(_)
        | OrderFulfilmentEvent::EffectParked(_)
        | OrderFulfilmentEvent::FulfilmentCompleted(_) => return Ok(None),
    };
    // Whoever has recorded it may be a command line that is gone: it is counted here.
    metrics::recorded(order_id, &recorded);
    Ok(news)
}

fn of_order(event: &RecordedEvent) -> Result<Option<(OrderId, News)>, RoutingError> {
    let news = match decode(event)? {
        OrderEvent::OrderPlaced(placed) => {
            News::Placed(StartFulfilment::of(&placed, event.metadata.correlation_id))
        }
        OrderEvent::PaymentCaptured(_) => News::Fact(Fact::PaymentCaptured),
        OrderEvent::PaymentDeclined(_) => News::Fact(Fact::PaymentDeclined),
        OrderEvent::PaymentRefunded(_) => News::Fact(Fact::PaymentRefunded),
        OrderEvent::OrderCancelled(cancelled) => News::Fact(Fact::OrderCancelled(cancelled.reason)),
        OrderEvent::LineAdjusted(LineAdjusted { adjustment, product_id, quantity, refund, .. }) => {
            News::Fact(Fact::LineAdjusted { adjustment, product_id, quantity, refund })
        }
        OrderEvent::PartialRefunded(refunded) => News::Fact(Fact::DifferenceRefunded(refunded.adjustment)),
        OrderEvent::OrderShipped(shipped) => News::Fact(Fact::OrderShipped(shipped.delivery_id)),
        // What effects have brought about, or what makes no difference to what is to be done.
        OrderEvent::DeliveryAgreed(_)
        | OrderEvent::PaymentRequested(_)
        | OrderEvent::OrderConfirmed(_)
        | OrderEvent::LinesPrepared(_)
        | OrderEvent::OrderDelivered(_)
        | OrderEvent::RefundRequested(_)
        | OrderEvent::PartialRefundRequested(_)
        | OrderEvent::DeliveryRescheduled(_)
        | OrderEvent::DeliveryGivenUp(_) => return Ok(None),
    };
    Ok(Some((OrderId::from_uuid(event.stream.uuid()), news)))
}

fn decode<E: DomainEvent>(event: &RecordedEvent) -> Result<E, RoutingError> {
    evolution::read(&event.event_type, &event.event_version, event.payload.get())
        .map_err(|error| unreadable(event, &error))
}

fn unreadable(event: &RecordedEvent, reason: &dyn std::fmt::Display) -> RoutingError {
    RoutingError::Unreadable {
        event_type: event.event_type.clone(),
        position: event.position,
        reason: reason.to_string(),
    }
}
