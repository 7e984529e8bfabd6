//! What follows when the time for paying is over: the provider is asked first. A payment that has come and was never told is
//! recorded; one that the provider has not decided about is waited for a little longer, once.

use std::time::Duration;

use agrodeep_commands::{
    Commands, Versioned,
    payments::{
        gateway::IntentStatus,
        outcome::RecordError,
        reconcile::{Finding, Mode, reconcile},
    },
};
use agrodeep_domain::OrderId;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    drive::Halt,
    order_fulfilment::{
        DeadlineKind, DeadlinePassed, ExtendPaymentTime, OrderFulfilment, OrderFulfilmentCommand,
    },
};

/// Decides what follows when the time for paying is over. Clones share everything.
#[derive(Clone)]
pub(crate) struct PaymentTime {
    commands: Commands,
    /// Zero: never longer.
    extension: TimeDelta,
}

impl PaymentTime {
    pub fn new(commands: Commands, extension: Duration) -> Self {
        Self { commands, extension: TimeDelta::from_std(extension).unwrap_or(TimeDelta::zero()) }
    }

    /// What the fulfilment is to be told at `at`, which the database's clock says. `None`: nothing yet, as the order was told
    /// of its payment just now, and the fulfilment will hear of that.
    pub async fn over(
        &self,
        order_id: OrderId,
        at: DateTime<Utc>,
    ) -> Result<Option<OrderFulfilmentCommand>, Halt> {
        let over = Some(DeadlinePassed { kind: DeadlineKind::Payment, at }.into());
        let look = |found: &Versioned<OrderFulfilment>| {
            (found.state.payment_due_at(), found.state.extended_until.is_some())
        };
        let looked = self.commands.executor.inspect(order_id.uuid(), look).await;
        let (due_at, extended) = looked.map_err(|error| Halt::Outage(error.to_string()))?;
        if due_at.is_none_or(|due_at| at < due_at) {
            return Ok(over);
        }
        let undecided = match reconcile(&self.commands, order_id, Mode::Correct, at).await {
            Ok(reconciled) => match reconciled.finding {
                Finding::Behind { corrected: true, .. } => return Ok(None),
                Finding::Agrees { provider } => provider == IntentStatus::Processing,
                Finding::Settled | Finding::Behind { corrected: false, .. } | Finding::Differs(_) => false,
            },
            // Nobody knows: calling it off now may take the goods from somebody who has paid.
            Err(RecordError::Gateway(error)) => {
                tracing::warn!(%order_id, %error, "the provider cannot be asked about a payment whose time is over");
                true
            }
            Err(RecordError::TooEarly) => false,
            Err(RecordError::Execute(error)) => return Err(Halt::Outage(error.to_string())),
        };
        if !undecided || extended || self.extension <= TimeDelta::zero() {
            return Ok(over);
        }
        let Some(until) = at.checked_add_signed(self.extension) else { return Ok(over) };
        Ok(Some(ExtendPaymentTime { until }.into()))
    }
}
