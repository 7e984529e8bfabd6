//! A whole market with one order: the real aggregates, a payment provider, and one fulfilment. Small enough to be tried in
//! every order of what can happen.

mod people;

use std::collections::{BTreeMap, BTreeSet};

use agrodeep_domain::{
    Aggregate, Delivery, Money, Order, OrderId, Product, ProductId, Quantity, TrackingNumber,
    delivery::{
        AssignDriver, CancelDelivery, DeliveryCommand, DeliveryRefusal, DeliveryStatus, FailDelivery, PickUp,
    },
    order::{
        CancelLine, CancelOrder, Canceller, CapturePayment, ConfirmRefund, DeclinePayment, DeliverOrder,
        LineAdjusted, LineCanceller, OrderCommand, OrderEvent, OrderRefusal, OrderStatus, PaymentStatus,
        PrepareLines, RefundOf, ReportLine, RequestPartialRefund, RequestPayment, RequestRefund,
        RescheduleDelivery, ShipOrder,
    },
    product::{CommitHold, ProductCommand, ReleaseHold},
};
use serde::Serialize;
use uuid::Uuid;

use super::fixtures::{BUYER, DRIVER, PRODUCER, account, day, place, product, product_id};
use crate::{
    effects::{
        cancel_order, confirm_order, expire_hold, give_up_delivery, hold_stock, record_pickup, reduce_hold,
        schedule_delivery,
    },
    order_fulfilment::{
        Fact, OrderFulfilment, Outcome, Refusal, StartFulfilment, Step, Yield, delivery_id, effect_id,
    },
};

pub(super) const INTENT: &str = "pi_1";

/// A payment at the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) enum Charge {
    /// Nobody has asked for it.
    #[default]
    None,
    /// It can be paid.
    Open,
    /// It is paid.
    Paid,
    /// It is paid and given back.
    Refunded,
    /// It can no longer be paid.
    Canceled,
}

/// What the provider has yet to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Webhook {
    Captured,
    Declined,
    Refunded,
    Difference(u32),
}

#[derive(Clone, PartialEq, Serialize)]
pub(super) struct World {
    pub order_id: OrderId,
    pub order: Order,
    pub products: Vec<Product>,
    /// What of each product was on hand at first.
    pub stock: Vec<Quantity>,
    pub deliveries: BTreeMap<u32, Delivery>,
    pub charge: Charge,
    /// What the provider has given back of it, in hundredths: the rest, and the difference of each change.
    pub given_back: Vec<(Webhook, i64)>,
    pub webhooks: BTreeSet<Webhook>,
    /// What the provider has told, and may tell again at any time.
    pub heard: BTreeSet<Webhook>,
    /// Attempts of processes that stand still: what they are about to do, and all that they know.
    pub asleep: Vec<(Step, OrderFulfilment)>,
    /// How often a process has stood still.
    pub slept: usize,
    /// What the log has of those who died before they recorded it, and nobody has read yet.
    pub unrecorded: Vec<(Step, Option<Yield>)>,
    pub fulfilment: OrderFulfilment,
    /// What the log has of the order and its deliveries, as far as it matters, in its order.
    pub facts: Vec<Fact>,
    /// How much of that the fulfilment has seen.
    pub seen: usize,
    /// Commands that are in the log.
    done: BTreeSet<Uuid>,
    /// How often effects have failed.
    pub failures: u32,
    /// What was tried without its outcome being recorded: the process was killed in between.
    pub torn: BTreeSet<Step>,
    /// How often a person has paused it.
    pub pauses: u32,
    numbers: u32,
}

impl World {
    /// An order of one piece of each product, of which `stock` says what is on hand.
    pub fn with_stock(stock: &[i64]) -> Self {
        Self::numbered(1, stock)
    }

    /// The same, as the `number`-th order.
    pub fn numbered(number: u128, stock: &[i64]) -> Self {
        let order_id =
            OrderId::from_uuid(Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0000 + number));
        let products: Vec<_> = stock.iter().enumerate().map(|(n, stock)| product(n, *stock)).collect();
        let mut world = Self {
            order_id,
            order: Order::default(),
            stock: products.iter().map(|product| product.on_hand).collect(),
            products,
            deliveries: BTreeMap::new(),
            charge: Charge::None,
            given_back: vec![],
            webhooks: BTreeSet::new(),
            heard: BTreeSet::new(),
            asleep: vec![],
            slept: 0,
            unrecorded: vec![],
            fulfilment: OrderFulfilment::default(),
            facts: vec![],
            seen: 0,
            done: BTreeSet::new(),
            failures: 0,
            torn: BTreeSet::new(),
            pauses: 0,
            numbers: 0,
        };
        assert!(world.ask_order(place(order_id, stock.len())).is_ok());
        world
    }

    /// All that can change, for recognising a state that was seen before.
    pub fn key(&self) -> Vec<u8> {
        let Self { order, products, stock: _, deliveries, charge, webhooks, fulfilment, .. } = self;
        let (facts, seen, done, torn) = (&self.facts, self.seen, &self.done, &self.torn);
        let stock: Vec<_> = products.iter().map(|product| (product.on_hand, product.held)).collect();
        let ways: Vec<_> = deliveries.iter().map(|(n, delivery)| (n, delivery.status)).collect();
        let order =
            (order.status, &order.payment, order.prepared_by.len(), order.delivery, order.undeliverable);
        let lines = (&self.order.adjustments, &fulfilment.changes, &fulfilment.differences_back);
        let given_back = &self.given_back;
        let effects: Vec<_> = fulfilment.effects.values().collect();
        let steps: Vec<_> = fulfilment.effects.keys().map(ToString::to_string).collect();
        let flags = (
            fulfilment.unwinding,
            fulfilment.cancelled,
            fulfilment.outcome,
            fulfilment.timed_out_at,
            fulfilment.extended_until,
        );
        let people = (fulfilment.paused, fulfilment.abandoned, self.pauses);
        let torn: Vec<_> = torn.iter().map(ToString::to_string).collect();
        let key = (stock, ways, order, charge, webhooks, effects, steps, flags);
        let asleep: Vec<_> = self
            .asleep
            .iter()
            .map(|(step, knows)| (step, knows.unwinding, knows.timed_out_at, knows.delivery, &knows.failed))
            .collect();
        let late = (asleep, self.slept, &self.unrecorded, &self.heard);
        serde_json::to_vec(&(
            key,
            facts,
            seen,
            done.len(),
            torn,
            self.failures,
            late,
            people,
            lines,
            given_back,
        ))
        .unwrap()
    }

    pub fn start(&self) -> StartFulfilment {
        StartFulfilment::of(self.order.placed.as_ref().unwrap(), Uuid::nil())
    }

    /// Whether a command of an effect is to be decided: as in the log, one that is in it is not done again.
    fn once(&self, step: Step) -> bool {
        !self.done.contains(&effect_id(self.order_id, step))
    }

    /// An effect asks something of the order.
    fn effect_on_order(&mut self, step: Step, command: impl Into<OrderCommand>) -> Result<(), OrderRefusal> {
        if self.once(step) {
            let before = self.order.clone();
            self.ask_order(command)?;
            if before != self.order {
                self.done.insert(effect_id(self.order_id, step));
            }
        }
        Ok(())
    }

    /// Something is asked of the order; what follows is in the log.
    pub fn ask_order(&mut self, command: impl Into<OrderCommand>) -> Result<(), OrderRefusal> {
        for event in self.order.decide(&command.into())? {
            self.order.apply(&event);
            self.facts.extend(match event {
                OrderEvent::PaymentCaptured(_) => Some(Fact::PaymentCaptured),
                OrderEvent::PaymentDeclined(_) => Some(Fact::PaymentDeclined),
                OrderEvent::PaymentRefunded(_) => Some(Fact::PaymentRefunded),
                OrderEvent::OrderCancelled(event) => Some(Fact::OrderCancelled(event.reason)),
                OrderEvent::OrderShipped(event) => Some(Fact::OrderShipped(event.delivery_id)),
                OrderEvent::LineAdjusted(LineAdjusted {
                    adjustment, product_id, quantity, refund, ..
                }) => Some(Fact::LineAdjusted { adjustment, product_id, quantity, refund }),
                OrderEvent::PartialRefunded(event) => Some(Fact::DifferenceRefunded(event.adjustment)),
                _ => None,
            });
        }
        Ok(())
    }

    fn ask_delivery(&mut self, n: u32, command: impl Into<DeliveryCommand>) -> Result<(), DeliveryRefusal> {
        use agrodeep_domain::delivery::DeliveryEvent;
        let delivery = self.deliveries.entry(n).or_default();
        for event in delivery.decide(&command.into())? {
            delivery.apply(&event);
            self.facts.extend(match event {
                DeliveryEvent::DeliveryCompleted(_) => {
                    Some(Fact::DeliveryCompleted(delivery_id(self.order_id, n)))
                }
                DeliveryEvent::DeliveryFailed(_) => Some(Fact::DeliveryFailed(delivery_id(self.order_id, n))),
                _ => None,
            });
        }
        Ok(())
    }

    fn ask_product(&mut self, step: Step, id: ProductId, command: impl Into<ProductCommand>) -> Outcome {
        if !self.once(step) {
            return Outcome::Done(None);
        }
        let n = (0..self.products.len()).find(|n| product_id(*n) == id).unwrap();
        match self.products[n].decide(&command.into()) {
            Ok(events) => {
                if !events.is_empty() {
                    self.done.insert(effect_id(self.order_id, step));
                }
                for event in events {
                    self.products[n].apply(&event);
                }
                Outcome::Done(None)
            }
            Err(refusal) => because(&refusal),
        }
    }

    /// Does what the effect of `step` does, as the real one does it.
    pub fn perform(&mut self, step: Step) -> Outcome {
        self.perform_knowing(step, self.fulfilment.clone())
    }

    /// The same, by somebody who knows this of the fulfilment: it may have gone on since.
    pub fn perform_knowing(&mut self, step: Step, state: OrderFulfilment) -> Outcome {
        let started = state.started.clone().unwrap();
        match step {
            Step::HoldStock(id) => self.ask_product(step, id, hold_stock::command(&started, id).unwrap()),
            Step::ReleaseHold(id) => self.ask_product(step, id, ReleaseHold { order_id: self.order_id }),
            Step::ExpireHold(id) => self.ask_product(step, id, expire_hold::command(&state).unwrap()),
            Step::CommitHold(id) => self.ask_product(step, id, CommitHold { order_id: self.order_id }),
            Step::RequestPayment => self.request_payment(),
            Step::WithdrawPayment => match self.charge {
                Charge::None | Charge::Canceled => Outcome::Done(None),
                Charge::Open => {
                    self.charge = Charge::Canceled;
                    Outcome::Done(None)
                }
                Charge::Paid | Charge::Refunded => Outcome::Refused(Refusal::AlreadyPaid),
            },
            Step::RefundPayment => match self.effect_on_order(step, RequestRefund) {
                Ok(()) => {
                    assert!(
                        matches!(self.charge, Charge::Paid | Charge::Refunded),
                        "a refund of what was not paid"
                    );
                    if self.charge == Charge::Paid {
                        self.charge = Charge::Refunded;
                        let left = self.order.left_of_captured().unwrap();
                        self.give_back(Webhook::Refunded, left.hundredths());
                    }
                    Outcome::Done(Some(Yield::Refund { refund_id: "re_1".to_owned() }))
                }
                Err(refusal) => because(&refusal),
            },
            Step::RefundDifference(adjustment) => {
                match self.effect_on_order(step, RequestPartialRefund { adjustment }) {
                    Ok(()) => {
                        let refund = self.order.adjustment(adjustment).unwrap().refund.hundredths();
                        self.give_back(Webhook::Difference(adjustment), refund);
                        Outcome::Done(Some(Yield::Refund {
                            refund_id: format!("re_difference_{adjustment}"),
                        }))
                    }
                    Err(refusal) => because(&refusal),
                }
            }
            Step::ReduceHold(adjustment) => {
                let (product_id, command) = reduce_hold::command(&state, adjustment).unwrap();
                self.ask_product(step, product_id, command)
            }
            Step::ScheduleDelivery => {
                let wanted = self.order.status != OrderStatus::Cancelled;
                self.schedule(1, wanted)
            }
            Step::ConfirmOrder => match self.effect_on_order(step, confirm_order::command(&state).unwrap()) {
                Ok(()) => Outcome::Done(None),
                Err(OrderRefusal::AlreadyCancelled) => Outcome::Refused(Refusal::OrderCancelled),
                Err(refusal) => because(&refusal),
            },
            Step::RecordPickup => match record_pickup::missing(&self.deliveries[&1]) {
                Ok(None) => Outcome::Done(None),
                Ok(Some(driver_id)) => {
                    self.ask_delivery(1, PickUp { driver_id }).unwrap();
                    Outcome::Done(None)
                }
                Err(why) => Outcome::Refused(Refusal::Because(why.to_owned())),
            },
            Step::MarkDelivered => {
                let delivery_id = state.delivered_by.unwrap();
                match self.effect_on_order(step, DeliverOrder { delivery_id }) {
                    Ok(()) => Outcome::Done(None),
                    Err(refusal) => because(&refusal),
                }
            }
            Step::RescheduleDelivery => self.reschedule(&state),
            Step::GiveUpDelivery => {
                match self.effect_on_order(step, give_up_delivery::command(&state).unwrap()) {
                    Ok(()) => Outcome::Done(None),
                    Err(refusal) => because(&refusal),
                }
            }
            Step::CancelDelivery => match self.ask_delivery(1, CancelDelivery) {
                Ok(()) | Err(DeliveryRefusal::NoSuchDelivery) => Outcome::Done(None),
                Err(refusal) => because(&refusal),
            },
            Step::CancelOrder => match self.effect_on_order(step, cancel_order::command(&state).unwrap()) {
                Ok(()) | Err(OrderRefusal::AlreadyCancelled) => {
                    let reason = self.order.cancelled.as_ref().unwrap().reason;
                    Outcome::Done(Some(Yield::Cancellation { reason }))
                }
                Err(refusal) => because(&refusal),
            },
        }
    }

    /// The provider gives money back once under each key, and never more than it has.
    fn give_back(&mut self, key: Webhook, hundredths: i64) {
        if self.given(key).is_some() {
            return;
        }
        self.given_back.push((key, hundredths));
        self.given_back.sort_unstable();
        self.webhooks.insert(key);
        let captured = self.order.payment.captured.unwrap().hundredths();
        assert!(self.given_back_in_all() <= captured, "more is given back than was paid");
    }

    fn given(&self, key: Webhook) -> Option<i64> {
        self.given_back.iter().find(|(made_with, _)| *made_with == key).map(|(_, hundredths)| *hundredths)
    }

    pub fn given_back_in_all(&self) -> i64 {
        self.given_back.iter().map(|(_, hundredths)| hundredths).sum()
    }

    fn request_payment(&mut self) -> Outcome {
        if self.charge == Charge::None {
            self.charge = Charge::Open;
        }
        match self.effect_on_order(Step::RequestPayment, RequestPayment { intent_id: INTENT.to_owned() }) {
            Ok(()) => Outcome::Done(Some(Yield::Payment { intent_id: INTENT.to_owned() })),
            Err(OrderRefusal::AlreadyCancelled) => {
                assert_ne!(self.charge, Charge::Paid, "nobody knew of it");
                self.charge = Charge::Canceled;
                Outcome::Refused(Refusal::OrderCancelled)
            }
            Err(refusal) => because(&refusal),
        }
    }

    fn schedule(&mut self, n: u32, wanted: bool) -> Outcome {
        let id = delivery_id(self.order_id, n);
        if let Some(known) = self.deliveries.get(&n).and_then(|delivery| delivery.scheduled.as_ref()) {
            let tracking_number = known.tracking_number;
            return Outcome::Done(Some(Yield::Delivery { delivery_id: id, tracking_number }));
        }
        if !wanted {
            return Outcome::Refused(Refusal::OrderCancelled);
        }
        self.numbers += 1;
        let tracking_number = TrackingNumber::new(day(), self.numbers);
        let placed = self.order.placed.clone().unwrap();
        match self.ask_delivery(n, schedule_delivery::command(&placed, None, n, tracking_number)) {
            Ok(()) => Outcome::Done(Some(Yield::Delivery { delivery_id: id, tracking_number })),
            Err(refusal) => because(&refusal),
        }
    }

    fn reschedule(&mut self, state: &OrderFulfilment) -> Outcome {
        let wanted = self.order.status == OrderStatus::Shipped && !self.order.undeliverable;
        let scheduled = self.schedule(2, wanted);
        let Outcome::Done(Some(Yield::Delivery { delivery_id, tracking_number })) = &scheduled else {
            return scheduled;
        };
        let failed_delivery_id = *state.failed.first().unwrap();
        let (delivery_id, tracking_number) = (*delivery_id, *tracking_number);
        match self.effect_on_order(
            Step::RescheduleDelivery,
            RescheduleDelivery { failed_delivery_id, delivery_id, tracking_number },
        ) {
            Ok(()) => scheduled,
            Err(refusal) => {
                let _ = self.ask_delivery(2, CancelDelivery);
                because(&refusal)
            }
        }
    }

    // What others do.
}

fn because(refusal: &impl std::error::Error) -> Outcome {
    Outcome::Refused(Refusal::Because(refusal.to_string()))
}
