//! Record, then act, then record what came of it: until a fulfilment waits for something.

use std::{collections::HashSet, sync::Arc, time::Duration};

use agrodeep_commands::{CommandContext, ExecuteError, Versioned};
use agrodeep_domain::OrderId;
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    effects::{Cause, Performed, Services, Trouble, perform, trouble},
    faults::{self, Fault},
    metrics,
    order_fulfilment::{
        EffectOutcome, OrderFulfilment, OrderFulfilmentCommand, OrderFulfilmentEvent, OrderFulfilmentRefusal,
        Outcome, Progress, RecordOutcomes, Refusal, Step,
    },
    retry::RetryPolicy,
};

/// How many effects of one order are done at the same time.
const EFFECTS_AT_ONCE_MAX: usize = 32;
/// How much of an error is recorded.
const ERROR_CHARS_MAX: usize = 500;

/// Why driving came to a halt before the fulfilment waits for something. Nothing is lost: driving again goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Halt {
    /// The log or the database cannot be reached.
    #[error("the log cannot be reached: {0}")]
    Outage(String),
    /// The fulfilment is somebody else's.
    #[error("another conductor fulfils this order")]
    NotOurs,
    /// The log holds what cannot be read, or refuses what must be recorded.
    #[error("{0}")]
    Damaged(String),
    /// Whoever drives is to drive no more.
    #[error("driving was stopped")]
    Stopped,
    /// An effect did not work, and the one who drives does not try again by itself.
    #[error("{step}: {error}")]
    Effect {
        /// Which.
        step: Step,
        /// What went wrong.
        error: String,
    },
}

/// Who may drive, and how it deals with failing effects.
pub(crate) trait Discretion: Sync {
    /// Whether it may act now. Asked before every round of effects.
    fn may_act(&self) -> bool;
    /// The pauses after failures; `None`: driving halts at the first.
    fn retries(&self, step: Step) -> Option<&RetryPolicy>;
    /// Whether a step is not to be done for now, for whichever order.
    fn holds_back(&self, step: Step) -> bool;
    /// How long one attempt at an effect is waited for; `None`: as long as it takes.
    fn effect_time_max(&self) -> Option<Duration>;
    /// The time it is for what is done now.
    fn now(&self) -> DateTime<Utc>;
}

/// A fulfilment as it stands, and which of its effects nobody can have tried yet.
#[derive(Clone)]
pub(crate) struct Standing {
    pub state: OrderFulfilment,
    untouched: HashSet<Step>,
}

impl Standing {
    /// As it was found: anybody may have tried anything.
    pub fn found(state: OrderFulfilment) -> Self {
        Self { state, untouched: HashSet::new() }
    }
}

/// Drives fulfilments.
#[derive(Clone)]
pub(crate) struct Driver {
    pub(crate) services: Services,
}

impl Driver {
    pub fn new(services: Services) -> Self {
        Self { services }
    }

    /// Tells the fulfilment something, and records what follows from it.
    pub async fn tell(
        &self,
        order_id: OrderId,
        command: impl Into<OrderFulfilmentCommand>,
        context: CommandContext,
    ) -> Result<Standing, Halt> {
        let command = command.into();
        let lost = || Halt::Outage(faults::WORDS.to_owned());
        let place = faults::record(&command);
        if faults::before(place).await.is_some() {
            return Err(lost());
        }
        #[cfg(feature = "fault-points")]
        if faults::switched(faults::ACT_FIRST, Some(order_id.uuid())) {
            faults::act_first(&self.services, order_id, &command, &context).await;
        }
        let again = cfg!(feature = "fault-points").then(|| (command.clone(), context.clone()));
        let told = self.tell_once(order_id, command, context).await;
        match (faults::after(place).await, again) {
            (None, _) => told,
            // Told again, by somebody who does not know that it was told.
            (Some(Fault::Twice), Some((command, context))) => {
                let context = CommandContext { command_id: Uuid::now_v7(), ..context };
                self.tell_once(order_id, command, context).await.and(told)
            }
            _ => Err(lost()),
        }
    }

    async fn tell_once(
        &self,
        order_id: OrderId,
        command: OrderFulfilmentCommand,
        context: CommandContext,
    ) -> Result<Standing, Halt> {
        let executor = &self.services.executor;
        let told = executor.execute_with(order_id.uuid(), command, context, OrderFulfilment::clone).await;
        let (executed, state) = match told {
            Ok(told) => told,
            Err(error) => return Err(halt(error)),
        };
        let mut untouched = HashSet::new();
        if !executed.repeated {
            for event in &executed.events {
                metrics::recorded(order_id, event);
                if let OrderFulfilmentEvent::EffectsPlanned(planned) = event {
                    untouched.extend(planned.effects.iter().map(|effect| effect.step));
                }
            }
        }
        Ok(Standing { state, untouched })
    }

    /// How a fulfilment stands, fresh from the log: somebody else has recorded something.
    pub async fn look(&self, order_id: OrderId) -> Result<Standing, Halt> {
        let look = |found: &Versioned<OrderFulfilment>| found.state.clone();
        let state = self.services.executor.inspect(order_id.uuid(), look).await.map_err(halt)?;
        Ok(Standing::found(state))
    }

    /// Whether the fulfilment has it on record that a step is done, or never meant to do it.
    pub async fn knows_of(&self, order_id: OrderId, step: Step) -> Result<bool, Halt> {
        let look = move |found: &Versioned<OrderFulfilment>| {
            matches!(found.state.progress(step), None | Some(Progress::Done))
        };
        self.services.executor.inspect(order_id.uuid(), look).await.map_err(halt)
    }

    /// What belongs together with an order; `None`: its fulfilment has not begun.
    pub async fn correlation(&self, order_id: OrderId) -> Result<Option<Uuid>, Halt> {
        let look = |found: &Versioned<OrderFulfilment>| {
            found.state.started.as_ref().map(|started| started.correlation_id)
        };
        self.services.executor.inspect(order_id.uuid(), look).await.map_err(halt)
    }

    /// Does what is to be done, until it waits for a fact or the clock, has ended, or is halted.
    pub async fn drive(
        &self,
        order_id: OrderId,
        mut cause: Cause,
        mut standing: Standing,
        discretion: &dyn Discretion,
    ) -> Result<OrderFulfilment, Halt> {
        loop {
            let mut due = standing.state.due(discretion.now());
            due.retain(|(step, _)| !discretion.holds_back(*step));
            if due.is_empty() {
                return Ok(standing.state);
            }
            if !discretion.may_act() {
                return Err(Halt::Stopped);
            }
            cause.occurred_at = discretion.now();
            let (state, time_max) = (Arc::new(standing.state), discretion.effect_time_max());
            let performed: Vec<(Step, u32, Performed)> = stream::iter(due)
                .map(|(step, attempts)| {
                    let first = attempts == 0 && standing.untouched.contains(&step);
                    let (services, cause) = (self.services.clone(), cause.clone());
                    let attempt = Box::pin(attempt(services, cause, Arc::clone(&state), step, first));
                    async move {
                        let in_flight = metrics::in_flight(step);
                        let performed = within(time_max, attempt).await;
                        drop(in_flight);
                        (step, attempts, performed)
                    }
                })
                .buffer_unordered(EFFECTS_AT_ONCE_MAX)
                .collect()
                .await;
            let (outcomes, halt) = outcomes(performed, discretion);
            if outcomes.is_empty() {
                standing.state = Arc::unwrap_or_clone(state);
            } else {
                let context = cause.command(Uuid::now_v7());
                cause.causation_id = context.command_id;
                standing = self.record(order_id, context, outcomes).await?;
            }
            // What was done is on record before the rest has to wait.
            if let Some(halt) = halt {
                return Err(halt);
            }
        }
    }

    /// Records what came of effects; asked again under the same id while that is open.
    async fn record(
        &self,
        order_id: OrderId,
        context: CommandContext,
        outcomes: Vec<EffectOutcome>,
    ) -> Result<Standing, Halt> {
        let mut told = Err(Halt::Stopped);
        for pause in [0, 5, 25, 125] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let record = RecordOutcomes { outcomes: outcomes.clone() };
            told = self.tell(order_id, record, context.clone()).await;
            if !matches!(told, Err(Halt::Outage(_))) {
                break;
            }
        }
        told
    }
}

/// One attempt at an effect.
async fn attempt(
    services: Services,
    cause: Cause,
    state: Arc<OrderFulfilment>,
    step: Step,
    first: bool,
) -> Performed {
    let order_id = state.started.as_ref().map_or(Uuid::nil(), |started| started.order_id.uuid());
    let place = faults::effect(step);
    faults::of_order(order_id, async {
        match faults::before(place).await {
            None => {}
            Some(Fault::Refused) => return Err(Trouble::Refused(Refusal::Because(faults::WORDS.to_owned()))),
            Some(_) => return Err(Trouble::Failed(faults::WORDS.to_owned())),
        }
        let performed = Box::pin(perform(&services, &cause, &state, step, first)).await;
        match faults::after(place).await {
            None => performed,
            Some(Fault::Twice) => Box::pin(perform(&services, &cause, &state, step, false)).await,
            Some(_) => Err(Trouble::Failed(faults::WORDS.to_owned())),
        }
    })
    .await
}

/// What comes of an attempt in time. One that takes longer is not torn in the middle: it goes on, and may yet take effect.
async fn within(
    time_max: Option<Duration>,
    attempt: impl Future<Output = Performed> + Send + 'static,
) -> Performed {
    let Some(time_max) = time_max else { return attempt.await };
    match tokio::time::timeout(time_max, tokio::spawn(attempt.in_current_span())).await {
        Ok(Ok(performed)) => performed,
        Ok(Err(panicked)) => Err(Trouble::Failed(panicked.to_string())),
        Err(_) => Err(Trouble::Failed(format!("no answer within {time_max:?}"))),
    }
}

fn halt(error: ExecuteError<OrderFulfilmentRefusal>) -> Halt {
    match error {
        ExecuteError::Refused(OrderFulfilmentRefusal::OtherConductor) => Halt::NotOurs,
        error => match trouble(error) {
            Trouble::Outage(why) => Halt::Outage(why),
            Trouble::Failed(why) => Halt::Damaged(why),
            Trouble::Refused(refusal) => Halt::Damaged(format!("{refusal:?}")),
        },
    }
}

/// What can be recorded of a round of effects, and why the round must be the last for now.
fn outcomes(
    performed: Vec<(Step, u32, Performed)>,
    discretion: &dyn Discretion,
) -> (Vec<EffectOutcome>, Option<Halt>) {
    let mut outcomes = Vec::new();
    let mut halt = None;
    for (step, attempts, performed) in performed {
        let outcome = match performed {
            Ok(yields) => Outcome::Done(yields),
            Err(Trouble::Refused(refusal)) => Outcome::Refused(refusal),
            Err(Trouble::Outage(why)) => {
                halt = Some(Halt::Outage(why));
                continue;
            }
            Err(Trouble::Failed(error)) => {
                let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
                let Some(retries) = discretion.retries(step) else {
                    halt = Some(Halt::Effect { step, error });
                    continue;
                };
                let pause = retries.pause_after(attempts + 1);
                let retry_at = pause.and_then(|pause| discretion.now().checked_add_signed(pause));
                Outcome::Failed { error, retry_at }
            }
        };
        outcomes.push(EffectOutcome { step, outcome });
    }
    (outcomes, halt)
}
