//! Where a person decides about fulfilments: the choice is recorded in the log, and whoever runs them carries it out.

use agrodeep_commands::{CommandContext, ExecuteError, Executed, Executor};
use agrodeep_domain::{
    OrderId,
    order_fulfilment::{
        Forecast, FulfilmentSteps, FulfilmentStepsRefusal, Intervention, OrderFulfilment,
        OrderFulfilmentCommand, OrderFulfilmentRefusal, PauseStep, Reason, ResumeStep, StepName, forecast,
    },
};

/// Where a person decides about fulfilments. Clones share everything.
#[derive(Clone)]
pub struct SagaDesk {
    executor: Executor,
}

/// Why a choice about a fulfilment was not made.
pub type SagaRefused = ExecuteError<OrderFulfilmentRefusal>;
/// Why a choice about a step was not made.
pub type StepRefused = ExecuteError<FulfilmentStepsRefusal>;

impl SagaDesk {
    /// Decides by what `executor` knows.
    pub fn new(executor: Executor) -> Self {
        Self { executor }
    }

    /// Records a choice; gives how the fulfilment stands then. A repeat of the same command gives the first result.
    ///
    /// # Errors
    /// [`ExecuteError`]; refused when the choice is not possible.
    pub async fn decide(
        &self,
        order_id: OrderId,
        intervention: Intervention,
        context: CommandContext,
    ) -> Result<(Executed<OrderFulfilment>, OrderFulfilment), SagaRefused> {
        let command = OrderFulfilmentCommand::Intervene(intervention);
        self.executor.execute_with(order_id.uuid(), command, context, OrderFulfilment::clone).await
    }

    /// What a choice would lead to, at which version. Records nothing.
    ///
    /// # Errors
    /// As [`Self::decide`]; also when the version is not the expected one.
    pub async fn forecast(
        &self,
        order_id: OrderId,
        intervention: &Intervention,
        if_match: Option<u64>,
    ) -> Result<(Forecast, u64), SagaRefused> {
        let found = self.executor.state::<OrderFulfilment>(order_id.uuid()).await?;
        if if_match.is_some_and(|expected| expected != found.version) {
            return Err(ExecuteError::VersionMismatch { actual: found.version });
        }
        let paused =
            self.paused_steps().await.map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
        let is_paused = |step| paused.paused.contains_key(&StepName::from(step));
        let forecast = forecast(&found.state, intervention, is_paused).map_err(ExecuteError::Refused)?;
        Ok((forecast, found.version))
    }

    /// Has a step wait, for all orders. What is being done at this moment is finished.
    ///
    /// # Errors
    /// [`ExecuteError`]; refused when it is paused already.
    pub async fn pause_step(
        &self,
        step: StepName,
        reason: Reason,
        context: CommandContext,
    ) -> Result<Executed<FulfilmentSteps>, StepRefused> {
        self.executor.execute(FulfilmentSteps::ID, PauseStep { step, reason }, context).await
    }

    /// Has a step done again, for all orders.
    ///
    /// # Errors
    /// [`ExecuteError`]; refused when it is not paused.
    pub async fn resume_step(
        &self,
        step: StepName,
        reason: Option<Reason>,
        context: CommandContext,
    ) -> Result<Executed<FulfilmentSteps>, StepRefused> {
        self.executor.execute(FulfilmentSteps::ID, ResumeStep { step, reason }, context).await
    }

    /// The steps that are paused for all orders.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn paused_steps(&self) -> Result<FulfilmentSteps, StepRefused> {
        Ok(self.executor.state::<FulfilmentSteps>(FulfilmentSteps::ID).await?.state)
    }
}
