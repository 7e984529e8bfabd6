//! Doing what was recorded: one file for each effect.
//!
//! Every effect may be done again at any time (after a crash nobody knows whether it was done) and must then change
//! nothing: its command carries an id derived from the order and the step, its call to the payment provider a key of the
//! order, and before charging again it asks the provider.

mod cancel_delivery;
pub(crate) mod cancel_order;
mod commit_hold;
pub(crate) mod confirm_order;
pub(crate) mod expire_hold;
pub(crate) mod give_up_delivery;
pub(crate) mod hold_stock;
mod mark_delivered;
pub(crate) mod record_pickup;
pub(crate) mod reduce_hold;
mod refund_difference;
mod refund_payment;
mod release_hold;
mod request_payment;
mod reschedule_delivery;
pub(crate) mod schedule_delivery;
mod withdraw_payment;

use std::sync::Arc;

use agrodeep_commands::{
    CommandContext, Commands, ExecuteError, Executor, StoreError,
    command_id::derived,
    numbers::Numbers,
    payments::gateway::{GatewayError, PaymentGateway},
};
use agrodeep_domain::{AccountId, Actor, Aggregate, Order, OrderId, Role};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::faults;
use crate::order_fulfilment::{FulfilmentStarted, OrderFulfilment, Refusal, Step, Yield, effect_id};

/// In whose name fulfilments act.
pub(crate) const ACTOR: &str = "order_fulfilment";

/// What effects are done with. Clones share everything.
#[derive(Clone)]
pub(crate) struct Services {
    pub executor: Executor,
    pub numbers: Numbers,
    pub gateway: Arc<dyn PaymentGateway>,
}

impl Services {
    pub fn of(commands: &Commands) -> Self {
        Self {
            executor: commands.executor.clone(),
            numbers: commands.numbers.clone(),
            gateway: faults::around_gateway(Arc::clone(&commands.gateway)),
        }
    }
}

/// Why an effect was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It can never be done.
    Refused(Refusal),
    /// It did not work this time.
    Failed(String),
    /// The log or the database cannot be reached: nothing can be done or recorded at all until it can.
    Outage(String),
}

impl Trouble {
    fn because(refusal: &impl std::error::Error) -> Self {
        Self::Refused(Refusal::Because(refusal.to_string()))
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Outage(error.to_string())
    }
}

/// What the provider rejects it rejects for ever; otherwise it is open whether it was done.
impl From<GatewayError> for Trouble {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Unavailable(_) => Self::Failed(error.to_string()),
            GatewayError::Rejected { .. } => Self::because(&error),
        }
    }
}

/// What an effect has brought about, or why it was not done.
pub(crate) type Performed = Result<Option<Yield>, Trouble>;

/// For whom, why and when an effect is done.
#[derive(Clone)]
pub(crate) struct Cause {
    pub actor: Actor,
    pub correlation_id: Uuid,
    pub causation_id: Uuid,
    pub traceparent: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

impl Cause {
    /// A command that follows from this, under an id of its own.
    pub fn command(&self, command_id: Uuid) -> CommandContext {
        CommandContext {
            command_id,
            actor: self.actor.clone(),
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            traceparent: self.traceparent.clone(),
            occurred_at: self.occurred_at,
            if_match: None,
        }
    }
}

/// One attempt at one effect.
#[derive(Clone)]
pub(crate) struct Attempt<'a> {
    services: &'a Services,
    cause: Cause,
    state: &'a OrderFulfilment,
    started: &'a FulfilmentStarted,
    step: Step,
    /// Nobody can have tried it before.
    first: bool,
}

/// Tries to do `step`.
pub(crate) async fn perform(
    services: &Services,
    cause: &Cause,
    state: &OrderFulfilment,
    step: Step,
    first: bool,
) -> Performed {
    let Some(started) = &state.started else {
        return Err(Trouble::Failed("the fulfilment has not begun".to_owned()));
    };
    let attempt = Attempt { services, cause: cause.clone(), state, started, step, first };
    match step {
        Step::HoldStock(product) => hold_stock::perform(&attempt, product).await,
        Step::RequestPayment => request_payment::perform(&attempt).await,
        Step::ScheduleDelivery => schedule_delivery::perform(&attempt).await,
        Step::ConfirmOrder => confirm_order::perform(&attempt).await,
        Step::RecordPickup => record_pickup::perform(&attempt).await,
        Step::CommitHold(product) => commit_hold::perform(&attempt, product).await,
        Step::MarkDelivered => mark_delivered::perform(&attempt).await,
        Step::RescheduleDelivery => reschedule_delivery::perform(&attempt).await,
        Step::GiveUpDelivery => give_up_delivery::perform(&attempt).await,
        Step::CancelDelivery => cancel_delivery::perform(&attempt).await,
        Step::RefundPayment => refund_payment::perform(&attempt).await,
        Step::WithdrawPayment => withdraw_payment::perform(&attempt).await,
        Step::ReleaseHold(product) => release_hold::perform(&attempt, product).await,
        Step::ExpireHold(product) => expire_hold::perform(&attempt, product).await,
        Step::CancelOrder => cancel_order::perform(&attempt).await,
        Step::RefundDifference(adjustment) => refund_difference::perform(&attempt, adjustment).await,
        Step::ReduceHold(adjustment) => reduce_hold::perform(&attempt, adjustment).await,
    }
}

impl Attempt<'_> {
    fn order_id(&self) -> OrderId {
        self.started.order_id
    }

    /// In the name of the driver, whose doing it is: the fulfilment only makes sure that it gets everywhere. (What an import
    /// does, it does in its own name.)
    fn in_the_name_of(&self, driver_id: AccountId) -> Self {
        if self.cause.actor != Actor::system(ACTOR) {
            return self.clone();
        }
        let actor = Actor::Account(driver_id, Role::Driver);
        Self { cause: Cause { actor, ..self.cause.clone() }, ..self.clone() }
    }

    /// Executes this effect's command. The inner result is the aggregate's own word.
    async fn execute<A: Aggregate, T: Send + 'static>(
        &self,
        id: Uuid,
        command: impl Into<A::Command>,
        capture: impl Fn(&A) -> T + Send + Sync + Clone + 'static,
    ) -> Result<Result<T, A::Refusal>, Trouble> {
        self.execute_as(effect_id(self.order_id(), self.step), id, command.into(), capture).await
    }

    /// Executes a further command of this effect, named `name`.
    async fn execute_also<A: Aggregate>(
        &self,
        name: &str,
        id: Uuid,
        command: impl Into<A::Command>,
    ) -> Result<Result<(), A::Refusal>, Trouble> {
        let command_id = derived(effect_id(self.order_id(), self.step), name);
        self.execute_as(command_id, id, command.into(), |_: &A| ()).await
    }

    async fn execute_as<A: Aggregate, T: Send + 'static>(
        &self,
        command_id: Uuid,
        id: Uuid,
        command: A::Command,
        capture: impl Fn(&A) -> T + Send + Sync + Clone + 'static,
    ) -> Result<Result<T, A::Refusal>, Trouble> {
        let place = faults::append(self.step);
        let executed = self.execute_here(command_id, id, command, capture);
        faults::around(place, executed, || Trouble::Outage(faults::WORDS.to_owned())).await
    }

    async fn execute_here<A: Aggregate, T: Send + 'static>(
        &self,
        command_id: Uuid,
        id: Uuid,
        command: A::Command,
        capture: impl Fn(&A) -> T + Send + Sync + Clone + 'static,
    ) -> Result<Result<T, A::Refusal>, Trouble> {
        let executor = &self.services.executor;
        // A control takes away what a repeat is recognised by.
        let keys_off = faults::switched(faults::KEYS_OFF, Some(self.order_id().uuid()));
        let context = self.cause.command(if keys_off { Uuid::now_v7() } else { command_id });
        match executor.execute_with(id, command.clone(), context.clone(), capture.clone()).await {
            Ok((_, captured)) => return Ok(Ok(captured)),
            Err(ExecuteError::Refused(_)) => {}
            Err(error) => return Err(trouble(error)),
        }
        // A refusal is final for a fulfilment, so it must not come from what this process remembers while another one has
        // gone on: looking at the aggregate reads what the log has now.
        executor.inspect(id, |_: &agrodeep_commands::Versioned<A>| ()).await.map_err(trouble)?;
        match executor.execute_with(id, command, context, capture).await {
            Ok((_, captured)) => Ok(Ok(captured)),
            Err(ExecuteError::Refused(refusal)) => Ok(Err(refusal)),
            Err(error) => Err(trouble(error)),
        }
    }

    /// What `look` takes from an aggregate's state, fresh from the log.
    async fn look<A: Aggregate, T: Send + 'static>(
        &self,
        id: Uuid,
        look: impl FnOnce(&A) -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let executor = &self.services.executor;
        executor
            .inspect(id, |found: &agrodeep_commands::Versioned<A>| look(&found.state))
            .await
            .map_err(trouble)
    }

    /// What `look` takes from the order's state, fresh from the log.
    async fn look_at_order<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Order) -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        self.look(self.order_id().uuid(), look).await
    }
}

pub(crate) fn trouble<R: std::error::Error>(error: ExecuteError<R>) -> Trouble {
    let words = error.to_string();
    match error {
        ExecuteError::Refused(_) => Trouble::Refused(Refusal::Because(words)),
        ExecuteError::Unavailable(why) | ExecuteError::Unknown(why) => Trouble::Outage(why),
        ExecuteError::VersionMismatch { .. } | ExecuteError::Contended | ExecuteError::Damaged(_) => {
            Trouble::Failed(words)
        }
    }
}
