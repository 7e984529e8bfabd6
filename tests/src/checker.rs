//! What must hold of a log, whatever happened: read from its first event and folded here, by the aggregates alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use agrodeep_domain::{
    Aggregate, Delivery, DomainEvent, Order, OrderId, Product,
    delivery::DeliveryStatus,
    evolution,
    order::{Adjustment, DifferenceStatus, OrderEvent, OrderStatus, PaymentStatus},
};
use agrodeep_event_store::{
    EventLog, Position, RecordedEvent,
    postgres::{LogLimits, PostgresLog},
};
use uuid::Uuid;

/// All aggregates of a log, folded, after every step of which the invariants were checked.
#[derive(Default)]
pub struct Checked {
    /// Orders by id.
    pub orders: BTreeMap<Uuid, Order>,
    /// Products by id.
    pub products: BTreeMap<Uuid, Product>,
    /// Deliveries by id.
    pub deliveries: BTreeMap<Uuid, Delivery>,
    /// How often each order was placed.
    pub placed: HashMap<OrderId, usize>,
    /// How often each order's money was captured.
    pub captured: HashMap<Uuid, usize>,
    /// How often each order's money was given back.
    pub refunded: HashMap<Uuid, usize>,
    /// The differences of changed lines that were given back: of which order, and of which change.
    pub differences: HashSet<(Uuid, u32)>,
    /// All events, in order.
    pub events: usize,
}

/// Reads the whole log at `url` and checks what must hold at every prefix of it.
///
/// # Panics
/// When something does not hold.
pub async fn check(url: &str) -> Checked {
    check_log(&PostgresLog::open(url, LogLimits::default()).await.expect("the log")).await
}

/// Reads a whole log and checks what must hold at every prefix of it; of positions and command ids what it promises.
///
/// # Panics
/// When something does not hold.
pub async fn check_log(log: &dyn EventLog) -> Checked {
    let promises = log.promises();
    let mut checked = Checked::default();
    let mut versions: HashMap<(String, Uuid), u64> = HashMap::new();
    let (mut event_ids, mut commands) = (HashSet::new(), HashMap::new());
    let mut position = Position::START;
    loop {
        let events = log.read(position, 2_000).await.expect("events");
        let Some(last) = events.last() else { break };
        let batch_end = last.position;
        for event in &events {
            let follows = event.position.0 == position.0 + 1;
            assert!(follows || !promises.dense_positions, "positions have a hole after {position}");
            assert!(event.position > position, "positions do not grow after {position}");
            position = event.position;
            let stream = (event.stream.aggregate_type.to_string(), event.stream.uuid());
            let version = versions.entry(stream).or_default();
            assert_eq!(event.version, *version + 1, "{} has a hole", event.stream);
            *version = event.version;
            assert!(event_ids.insert(event.event_id), "an event is there twice");
            let stream_of_command = commands.entry(event.command_id).or_insert_with(|| event.stream.clone());
            let same = *stream_of_command == event.stream;
            assert!(same || !promises.command_ids_across_streams, "a command has appended to two streams");
            checked.take_in(event);
        }
        assert_eq!(position, batch_end);
    }
    checked
}

fn payload<E: DomainEvent>(event: &RecordedEvent) -> E {
    evolution::read(&event.event_type, &event.event_version, event.payload.get()).expect("an event")
}

impl Checked {
    fn take_in(&mut self, event: &RecordedEvent) {
        self.events += 1;
        let id = event.stream.uuid();
        match &*event.stream.aggregate_type {
            "order" => {
                let order_event: OrderEvent = payload(event);
                match &order_event {
                    OrderEvent::OrderPlaced(placed) => *self.placed.entry(placed.order_id).or_default() += 1,
                    OrderEvent::PaymentCaptured(_) => *self.captured.entry(id).or_default() += 1,
                    OrderEvent::PaymentRefunded(_) => *self.refunded.entry(id).or_default() += 1,
                    OrderEvent::PartialRefunded(refunded) => {
                        let once = self.differences.insert((id, refunded.adjustment));
                        assert!(once, "a difference was given back twice at position {}", event.position);
                    }
                    _ => {}
                }
                self.orders.entry(id).or_default().apply(&order_event);
            }
            "product" => {
                let product = self.products.entry(id).or_default();
                product.apply(&payload(event));
                let held: i64 = product.holds.values().map(|hold| hold.quantity.thousandths()).sum();
                assert_eq!(held, product.held.thousandths(), "the sum of the holds is wrong");
                assert!(held <= product.on_hand.thousandths(), "oversold at position {}", event.position);
            }
            "delivery" => self.deliveries.entry(id).or_default().apply(&payload(event)),
            _ => {}
        }
    }

    /// Orders whose fulfilment has nothing left to do but to wait for a person to prepare or to bring them.
    pub fn settled(&self) -> bool {
        let back = |order: &Order| {
            let done = |change: &Adjustment| {
                matches!(change.status, DifferenceStatus::None | DifferenceStatus::Refunded)
            };
            order.adjustments.iter().all(done)
        };
        self.orders.values().all(|order| {
            back(order)
                && match order.status {
                    OrderStatus::Pending => false,
                    OrderStatus::Cancelled => {
                        matches!(
                            order.payment.status,
                            PaymentStatus::None
                                | PaymentStatus::Requested
                                | PaymentStatus::Declined
                                | PaymentStatus::Refunded
                        ) && !self.holds(order)
                    }
                    OrderStatus::Delivered => !self.holds(order),
                    OrderStatus::Confirmed | OrderStatus::Processing | OrderStatus::Shipped => true,
                }
        })
    }

    fn holds(&self, order: &Order) -> bool {
        let Some(placed) = &order.placed else { return false };
        placed.lines.iter().any(|line| {
            self.products
                .get(&line.product_id.uuid())
                .is_some_and(|product| product.holds.contains_key(&placed.order_id))
        })
    }

    /// Checks what must hold once everything is settled.
    ///
    /// # Panics
    /// When something does not hold.
    pub fn assert_settled(&self) {
        let mut numbers = HashSet::new();
        for (id, order) in &self.orders {
            let placed = order.placed.as_ref().expect("an order is placed first");
            assert!(numbers.insert(placed.number), "{} is there twice", placed.number);
            assert_eq!(self.placed[&placed.order_id], 1);
            let (captured, refunded) =
                (self.captured.get(id).copied().unwrap_or(0), self.refunded.get(id).copied().unwrap_or(0));
            assert!(captured <= 1, "{} was charged {captured} times", placed.number);
            let holds = self.holds(order);
            let given_back = order
                .adjustments
                .iter()
                .all(|change| matches!(change.status, DifferenceStatus::None | DifferenceStatus::Refunded));
            let has_ended = matches!(order.status, OrderStatus::Cancelled | OrderStatus::Delivered);
            assert!(given_back || !has_ended, "{}: a difference is not back", placed.number);
            for line in order.lines_now() {
                let product = self.products.get(&line.product_id.uuid());
                let hold = product.and_then(|product| product.holds.get(&placed.order_id));
                assert!(
                    hold.is_none_or(|hold| hold.quantity <= line.quantity),
                    "{}: more is held than is left of {}",
                    placed.number,
                    line.product_id
                );
            }
            match order.status {
                OrderStatus::Pending => panic!("{} is still pending", placed.number),
                OrderStatus::Cancelled => {
                    assert_eq!(
                        captured, refunded,
                        "{} is cancelled, but its money is not back",
                        placed.number
                    );
                    assert!(!holds, "{} is cancelled, but holds stock", placed.number);
                }
                OrderStatus::Confirmed | OrderStatus::Processing => {
                    assert_eq!((captured, refunded), (1, 0), "{}", placed.number);
                    assert!(holds, "{} is confirmed, but holds nothing", placed.number);
                }
                OrderStatus::Shipped | OrderStatus::Delivered => {
                    assert!(captured == 1 && (refunded == 0 || order.undeliverable), "{}", placed.number);
                    assert!(!holds, "{} has left, but still holds stock", placed.number);
                }
            }
        }
        for product in self.products.values() {
            for order_id in product.holds.keys() {
                let order = self.orders.get(&order_id.uuid()).expect("a hold is of an order");
                let open = matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing);
                assert!(open, "{order_id} is {:?}, but holds stock", order.status);
            }
        }
        let mut active: HashMap<OrderId, usize> = HashMap::new();
        for delivery in self.deliveries.values() {
            let scheduled = delivery.scheduled.as_ref().expect("a delivery is scheduled first");
            if !matches!(delivery.status, DeliveryStatus::Cancelled | DeliveryStatus::Failed) {
                *active.entry(scheduled.order_id).or_default() += 1;
            }
        }
        for (id, order) in &self.orders {
            let expected =
                usize::from(!matches!(order.status, OrderStatus::Cancelled) && !order.undeliverable);
            let active = active.get(&OrderId::from_uuid(*id)).copied().unwrap_or(0);
            assert_eq!(active, expected, "deliveries of an order that is {:?}", order.status);
        }
    }
}
