//! What a person decides about a fulfilment, and when that is possible.
//!
//! A choice is an event like any other; who has made it stands in the event's envelope. What follows from it is planned by the
//! same code as everything else, so that a forecast ([`super::forecast`]) says what will be.

use super::{
    FulfilmentAbandoned, FulfilmentPaused, FulfilmentResumed, OrderFulfilment, OrderFulfilmentEvent,
    OrderFulfilmentRefusal as Refused, Progress, Reason, RetryOrdered, Skippable, Step, StepSkipped,
};
use agrodeep_domain::order::Conductor;

/// What a person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intervention {
    /// Have what is parked tried again, with as many attempts as at first.
    Retry {
        /// Only this step; `None`: all that are parked.
        step: Option<Step>,
        /// Why.
        reason: Option<Reason>,
    },
    /// Go on without a step.
    Skip {
        /// Which.
        step: Step,
        /// Why.
        reason: Reason,
    },
    /// Call the order off and undo what was done.
    Abandon {
        /// Why.
        reason: Reason,
    },
    /// Do nothing for this order until it is resumed.
    Pause {
        /// Why.
        reason: Reason,
    },
    /// Go on.
    Resume {
        /// Why.
        reason: Option<Reason>,
    },
}

impl Intervention {
    /// The choice in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Skip { .. } => "skip",
            Self::Abandon { .. } => "abandon",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
        }
    }
}

/// What the choice records, before what follows from it.
pub(super) fn decide(
    state: &OrderFulfilment,
    intervention: &Intervention,
) -> Result<OrderFulfilmentEvent, Refused> {
    match &state.started {
        None => return Err(Refused::NotBegun),
        Some(started) if started.conductor != Conductor::ProcessManager => {
            return Err(Refused::OtherConductor);
        }
        Some(_) if state.outcome.is_some() => return Err(Refused::Ended),
        Some(_) => {}
    }
    Ok(match intervention {
        Intervention::Retry { step, reason } => {
            RetryOrdered { steps: to_retry(state, *step)?, reason: reason.clone() }.into()
        }
        Intervention::Skip { step, reason } => {
            can_skip(state, *step)?;
            StepSkipped { step: *step, reason: reason.clone() }.into()
        }
        Intervention::Abandon { reason } => {
            can_abandon(state)?;
            FulfilmentAbandoned { reason: reason.clone() }.into()
        }
        Intervention::Pause { .. } if state.paused => return Err(Refused::AlreadyPaused),
        Intervention::Pause { reason } => FulfilmentPaused { reason: reason.clone() }.into(),
        Intervention::Resume { .. } if !state.paused => return Err(Refused::NotPaused),
        Intervention::Resume { reason } => FulfilmentResumed { reason: reason.clone() }.into(),
    })
}

fn to_retry(state: &OrderFulfilment, step: Option<Step>) -> Result<Vec<Step>, Refused> {
    let Some(step) = step else {
        let parked: Vec<Step> = state.parked().collect();
        return if parked.is_empty() { Err(Refused::NothingParked) } else { Ok(parked) };
    };
    if state.parked().any(|parked| parked == step) {
        Ok(vec![step])
    } else if matches!(state.progress(step), Some(Progress::Parked)) {
        Err(Refused::UndoneToBeSure(step))
    } else {
        Err(Refused::NotParked(step))
    }
}

fn can_skip(state: &OrderFulfilment, step: Step) -> Result<(), Refused> {
    if !matches!(state.progress(step), Some(Progress::Pending { .. } | Progress::Parked)) {
        return Err(Refused::NotPending(step));
    }
    match step.skippable() {
        Skippable::Yes(_) => Ok(()),
        Skippable::OnceRefunded(_) if is_refunded(state, step) => Ok(()),
        Skippable::OnceRefunded(why) | Skippable::No(why) => Err(Refused::NotSkippable(step, why)),
    }
}

/// Whether the provider has told that the money is back which this step gives back.
fn is_refunded(state: &OrderFulfilment, step: Step) -> bool {
    match step {
        Step::RefundDifference(adjustment) => state.is_back(adjustment),
        _ => state.refunded,
    }
}

fn can_abandon(state: &OrderFulfilment) -> Result<(), Refused> {
    if state.shipped_by.is_some() {
        Err(Refused::AlreadyShipped)
    } else if state.unwinding.is_some() {
        Err(Refused::AlreadyUndone)
    } else if state.abandoned {
        Err(Refused::AlreadyAbandoned)
    } else {
        Ok(())
    }
}
