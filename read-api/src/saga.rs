//! The fulfilment of one order as its stream tells it: each step with its attempts, what people have decided, what it waits for.

pub mod diagram;
pub mod pauses;
mod svg;
mod text;

use std::collections::BTreeMap;

use agrodeep_domain::{
    Aggregate, OrderFulfilment, evolution,
    order_fulfilment::{
        DeadlineKind, Fact, OrderFulfilmentEvent, PlannedEffect, Progress, Reason, Refusal, Step, Yield,
    },
};
use agrodeep_event_store::RecordedEvent;
use agrodeep_projections::Unreadable;
use chrono::{DateTime, Utc};

/// The fulfilment of one order, from its first event on.
#[derive(Clone, Debug)]
pub struct SagaStory {
    /// How it is.
    pub state: OrderFulfilment,
    /// Its events, in order.
    pub events: Vec<RecordedEvent>,
    /// Everything that was ever planned, in that order.
    pub steps: Vec<StepStory>,
    /// What happened meanwhile to the order and its deliveries.
    pub facts: Vec<(Fact, DateTime<Utc>)>,
    /// What people have decided, in order.
    pub decisions: Vec<Decision>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
}

/// One step, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepStory {
    /// Which.
    pub step: Step,
    /// How far it has come.
    pub progress: Progress,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
    /// The attempts that failed, in order.
    pub failures: Vec<Failure>,
    /// When it was done, refused or skipped.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it has brought about.
    pub yields: Option<Yield>,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Which, from 1; after a person has had it tried again, from 1 again.
    pub attempt: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// What went wrong.
    pub error: String,
    /// When it was to be tried again; `None`: it was parked.
    pub retry_at: Option<DateTime<Utc>>,
}

/// What a person has decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// `retry`, `skip`, `abandon`, `pause` or `resume`.
    pub choice: &'static str,
    /// About which steps.
    pub steps: Vec<Step>,
    /// Why.
    pub reason: Option<Reason>,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Where that stands in the log.
    pub position: i64,
}

impl SagaStory {
    /// From all events of its stream; `None`: there are none.
    ///
    /// # Errors
    /// When an event cannot be read.
    pub fn of(events: Vec<RecordedEvent>) -> Result<Option<Self>, Unreadable> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
        let mut teller = Teller::default();
        for event in &events {
            let read = evolution::read(&event.event_type, &event.event_version, event.payload.get());
            teller.tell(&read.map_err(|_| Unreadable(event.position))?, event);
        }
        let (started_at, updated_at) = (first.metadata.occurred_at, last.metadata.occurred_at);
        let Teller { state, order, mut steps, facts, decisions } = teller;
        let steps = order.iter().filter_map(|step| {
            let mut story = steps.remove(step)?;
            story.progress = state.progress(*step)?.clone();
            Some(story)
        });
        let steps = steps.collect();
        Ok(Some(Self { state, events, steps, facts, decisions, started_at, updated_at }))
    }

    /// The version of its stream.
    pub fn version(&self) -> u64 {
        self.events.last().map_or(0, |event| event.version)
    }

    /// What it waits for by the clock. While it is paused nothing counts, and this is what will count once it is resumed.
    pub fn deadlines(&self) -> Vec<(DeadlineKind, DateTime<Utc>)> {
        OrderFulfilment { paused: false, ..self.state.clone() }.deadlines()
    }
}

#[derive(Default)]
struct Teller {
    state: OrderFulfilment,
    order: Vec<Step>,
    steps: BTreeMap<Step, StepStory>,
    facts: Vec<(Fact, DateTime<Utc>)>,
    decisions: Vec<Decision>,
}

impl Teller {
    fn tell(&mut self, fact: &OrderFulfilmentEvent, event: &RecordedEvent) {
        let at = event.metadata.occurred_at;
        self.state.apply(fact);
        let mut decide = |choice, steps: &[Step], reason: Option<&Reason>| {
            self.decisions.push(Decision {
                choice,
                steps: steps.to_vec(),
                reason: reason.cloned(),
                by: event.metadata.actor.clone(),
                at,
                position: event.position.0,
            });
        };
        match fact {
            OrderFulfilmentEvent::EffectsPlanned(planned) => self.plan(&planned.effects, at),
            OrderFulfilmentEvent::CompensationsPlanned(planned) => self.plan(&planned.effects, at),
            OrderFulfilmentEvent::EffectsDone(done) => {
                for effect in &done.effects {
                    if let Some(story) = self.steps.get_mut(&effect.step) {
                        story.ended_at = Some(at);
                        story.yields.clone_from(&effect.yields);
                    }
                }
            }
            OrderFulfilmentEvent::EffectRefused(refused) => self.end(refused.step, at),
            OrderFulfilmentEvent::EffectFailed(failed) => {
                let (error, retry_at) = (failed.error.clone(), Some(failed.retry_at));
                self.fail(failed.step, Failure { attempt: failed.attempt, at, error, retry_at });
            }
            OrderFulfilmentEvent::EffectParked(parked) => {
                let error = parked.error.clone();
                self.fail(parked.step, Failure { attempt: parked.attempts, at, error, retry_at: None });
            }
            OrderFulfilmentEvent::FactObserved(observed) => self.facts.push((observed.fact, at)),
            OrderFulfilmentEvent::RetryOrdered(event) => decide("retry", &event.steps, event.reason.as_ref()),
            OrderFulfilmentEvent::StepSkipped(event) => {
                decide("skip", &[event.step], Some(&event.reason));
                self.end(event.step, at);
            }
            OrderFulfilmentEvent::FulfilmentAbandoned(event) => decide("abandon", &[], Some(&event.reason)),
            OrderFulfilmentEvent::FulfilmentPaused(event) => decide("pause", &[], Some(&event.reason)),
            OrderFulfilmentEvent::FulfilmentResumed(event) => decide("resume", &[], event.reason.as_ref()),
            OrderFulfilmentEvent::FulfilmentStarted(_)
            | OrderFulfilmentEvent::DeadlinePassed(_)
            | OrderFulfilmentEvent::PaymentTimeExtended(_)
            | OrderFulfilmentEvent::UnwindingStarted(_)
            | OrderFulfilmentEvent::FulfilmentCompleted(_) => {}
        }
    }

    fn plan(&mut self, effects: &[PlannedEffect], at: DateTime<Utc>) {
        for effect in effects {
            self.order.push(effect.step);
            self.steps.insert(
                effect.step,
                StepStory {
                    step: effect.step,
                    progress: Progress::Pending { attempts: 0, retry_at: None },
                    planned_at: at,
                    failures: vec![],
                    ended_at: None,
                    yields: None,
                },
            );
        }
    }

    fn end(&mut self, step: Step, at: DateTime<Utc>) {
        if let Some(story) = self.steps.get_mut(&step) {
            story.ended_at = Some(at);
        }
    }

    fn fail(&mut self, step: Step, failure: Failure) {
        if let Some(story) = self.steps.get_mut(&step) {
            story.failures.push(failure);
        }
    }
}

/// A refusal in words.
pub fn refused_because(refusal: &Refusal) -> &str {
    match refusal {
        Refusal::OrderCancelled => "the order has been cancelled",
        Refusal::AlreadyPaid => "the payment has been made",
        Refusal::Because(reason) => reason,
    }
}
