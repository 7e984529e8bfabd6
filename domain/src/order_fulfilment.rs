//! The fulfilment of one order: a process that is itself an aggregate.
//!
//! Its stream `order_fulfilment-<the order's uuid>` records what it has seen, what it is about to do and what came of it, so
//! that its state is a fold of its own events and nothing is done that was not recorded first. Deciding is pure and total:
//! `react` takes a fact, an outcome or a deadline in, and `plan` says from the state alone what is to be done next. In
//! whatever order facts come, late or again, the same state leads to the same plan, and each step is planned at most once.

mod command;
mod differences;
mod event;
mod forecast;
mod intervention;
mod pausing;
mod plan;
mod react;
mod reason;
mod skipping;
mod status;
mod step;
mod upcasters;

use std::collections::{BTreeMap, BTreeSet};

use agrodeep_domain::{Aggregate, DeliveryId, OrderId, TrackingNumber, order::CancelReason};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::{
    command::*, differences::LineChange, event::*, forecast::*, intervention::Intervention, pausing::*,
    reason::*, skipping::*, status::*, step::*,
};

/// How far one effect has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// It is to be done.
    Pending {
        /// How often it has failed.
        attempts: u32,
        /// When to try again; `None`: now.
        retry_at: Option<DateTime<Utc>>,
    },
    /// It is done.
    Done,
    /// It will never be done.
    Refused(Refusal),
    /// It waits for a person; whether an attempt took effect may be open.
    Parked,
    /// A person has decided to go on without it.
    Skipped,
}

/// The state of an order's fulfilment. Default: it has not begun.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is something that has happened, or not, whatever else has"
)]
pub struct OrderFulfilment {
    /// What is to be fulfilled; `None`: it has not begun.
    pub started: Option<FulfilmentStarted>,
    /// Everything that was ever planned.
    pub effects: BTreeMap<Step, Progress>,
    /// The provider's id of the payment.
    pub intent_id: Option<String>,
    /// The delivery that was scheduled last, and its number.
    pub delivery: Option<(DeliveryId, TrackingNumber)>,
    /// The provider has the buyer's money, or had it.
    pub paid: bool,
    /// The provider could not get the buyer's money.
    pub declined: bool,
    /// The buyer has the money back.
    pub refunded: bool,
    /// The time for paying is over, as the database's clock said.
    pub timed_out_at: Option<DateTime<Utc>>,
    /// The payment may come until then, later than at first: the provider had not decided. At most once.
    pub extended_until: Option<DateTime<Utc>>,
    /// The delivery that left with the goods.
    pub shipped_by: Option<DeliveryId>,
    /// The delivery that brought them.
    pub delivered_by: Option<DeliveryId>,
    /// The deliveries that failed.
    pub failed: BTreeSet<DeliveryId>,
    /// The order is cancelled, for this reason.
    pub cancelled: Option<CancelReason>,
    /// What was done is being undone, for this reason.
    pub unwinding: Option<CancelReason>,
    /// A person has called it off; the order has yet to say whether it still can be.
    #[serde(default)]
    pub abandoned: bool,
    /// Nothing is done until a person resumes it.
    #[serde(default)]
    pub paused: bool,
    /// What has changed about lines since they were paid, by its number in the order.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changes: BTreeMap<u32, LineChange>,
    /// The changes of which the buyer has the difference back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub differences_back: BTreeSet<u32>,
    /// How it ended; `None`: it has not.
    pub outcome: Option<FulfilmentOutcome>,
}

/// The id under which a step of an order's fulfilment is done: the same for every attempt.
pub fn effect_id(order_id: OrderId, step: Step) -> Uuid {
    agrodeep_domain::command_id::derived(order_id.uuid(), &step.to_string())
}

/// The id of an order's `attempt`-th delivery, from 1.
pub fn delivery_id(order_id: OrderId, attempt: u32) -> DeliveryId {
    let derived = agrodeep_domain::command_id::derived(order_id.uuid(), &format!("delivery:{attempt}"));
    DeliveryId::from_uuid(agrodeep_domain::command_id::of_new_aggregate(derived))
}

impl Aggregate for OrderFulfilment {
    const TYPE: &'static str = "order_fulfilment";
    const STATE_FORM: u32 = 4;
    type Command = OrderFulfilmentCommand;
    type Event = OrderFulfilmentEvent;
    type Refusal = OrderFulfilmentRefusal;

    fn decide(
        &self,
        command: &OrderFulfilmentCommand,
    ) -> Result<Vec<OrderFulfilmentEvent>, OrderFulfilmentRefusal> {
        react::react(self, command)
    }

    fn apply(&mut self, event: &OrderFulfilmentEvent) {
        match event {
            OrderFulfilmentEvent::FulfilmentStarted(event) => self.started = Some(event.clone()),
            OrderFulfilmentEvent::FactObserved(event) => self.note(event.fact),
            OrderFulfilmentEvent::DeadlinePassed(event) => match event.kind {
                DeadlineKind::Payment => self.timed_out_at = Some(event.at),
                DeadlineKind::Retry => {}
            },
            OrderFulfilmentEvent::PaymentTimeExtended(event) => self.extended_until = Some(event.until),
            OrderFulfilmentEvent::UnwindingStarted(event) => self.unwinding = Some(event.reason),
            OrderFulfilmentEvent::EffectsPlanned(EffectsPlanned { effects })
            | OrderFulfilmentEvent::CompensationsPlanned(CompensationsPlanned { effects }) => {
                for effect in effects {
                    self.effects.insert(effect.step, Progress::Pending { attempts: 0, retry_at: None });
                }
                // A payment that comes after the end opens it again, until it is given back.
                self.outcome = None;
            }
            OrderFulfilmentEvent::EffectsDone(event) => {
                for effect in &event.effects {
                    self.done(effect);
                }
            }
            OrderFulfilmentEvent::EffectRefused(event) => {
                self.effects.insert(event.step, Progress::Refused(event.refusal.clone()));
            }
            OrderFulfilmentEvent::EffectFailed(event) => {
                let progress = Progress::Pending { attempts: event.attempt, retry_at: Some(event.retry_at) };
                self.effects.insert(event.step, progress);
            }
            OrderFulfilmentEvent::EffectParked(event) => {
                self.effects.insert(event.step, Progress::Parked);
            }
            OrderFulfilmentEvent::FulfilmentCompleted(event) => {
                self.outcome = Some(event.outcome);
                // What comes after the end, a late payment, is not to wait for somebody who thinks that it has ended.
                self.paused = false;
            }
            OrderFulfilmentEvent::RetryOrdered(event) => {
                for step in &event.steps {
                    self.effects.insert(*step, Progress::Pending { attempts: 0, retry_at: None });
                }
            }
            OrderFulfilmentEvent::StepSkipped(event) => {
                self.effects.insert(event.step, Progress::Skipped);
            }
            OrderFulfilmentEvent::FulfilmentAbandoned(_) => self.abandoned = true,
            OrderFulfilmentEvent::FulfilmentPaused(_) => self.paused = true,
            OrderFulfilmentEvent::FulfilmentResumed(_) => self.paused = false,
        }
    }
}

impl OrderFulfilment {
    fn note(&mut self, fact: Fact) {
        match fact {
            Fact::PaymentCaptured => self.paid = true,
            Fact::PaymentDeclined => self.declined = true,
            Fact::PaymentRefunded => self.refunded = true,
            Fact::OrderCancelled(reason) => self.cancelled = Some(reason),
            Fact::OrderShipped(delivery_id) => self.shipped_by = Some(delivery_id),
            Fact::DeliveryCompleted(delivery_id) => self.delivered_by = Some(delivery_id),
            Fact::DeliveryFailed(delivery_id) => {
                self.failed.insert(delivery_id);
            }
            Fact::LineAdjusted { adjustment, product_id, quantity, refund } => {
                self.changes.insert(adjustment, LineChange { product_id, quantity, refund });
            }
            Fact::DifferenceRefunded(adjustment) => {
                self.differences_back.insert(adjustment);
            }
        }
    }

    fn done(&mut self, effect: &DoneEffect) {
        self.effects.insert(effect.step, Progress::Done);
        match &effect.yields {
            Some(Yield::Payment { intent_id }) => self.intent_id = Some(intent_id.clone()),
            Some(Yield::Delivery { delivery_id, tracking_number }) => {
                self.delivery = Some((*delivery_id, *tracking_number));
            }
            Some(Yield::Cancellation { reason }) => self.cancelled = Some(*reason),
            Some(Yield::Refund { .. }) | None => {}
        }
    }

    /// How far a step has come; `None`: it was never planned.
    pub fn progress(&self, step: Step) -> Option<&Progress> {
        self.effects.get(&step)
    }

    /// Whether a step is done.
    pub fn is_done(&self, step: Step) -> bool {
        matches!(self.progress(step), Some(Progress::Done))
    }

    /// What decides how steps are undone.
    pub fn circumstances(&self) -> Circumstances {
        Circumstances { paid: self.paid, timed_out: self.unwinding == Some(CancelReason::PaymentTimeout) }
    }
}

agrodeep_domain::cqrs_es_aggregate!(OrderFulfilment);
