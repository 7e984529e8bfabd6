//! What a choice will lead to, without making it: the same pure code, run on a copy of the state.

use agrodeep_domain::{Aggregate, TrackingNumber, order::CancelReason};

use super::{
    EffectOutcome, Intervention, OrderFulfilment, OrderFulfilmentCommand, OrderFulfilmentEvent,
    OrderFulfilmentRefusal, Outcome, Progress, RecordOutcomes, Step, Yield, delivery_id,
};

/// What is done if everything works at the next attempt, and nothing else happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Round after round, the steps of one at the same time.
    pub rounds: Vec<Vec<Step>>,
    /// What would be done but for a pause.
    pub held_back: Vec<Step>,
    /// How it stands after that.
    pub then: OrderFulfilment,
}

/// What a choice will lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// What is recorded with the choice.
    pub recorded: Vec<OrderFulfilmentEvent>,
    /// What follows.
    pub course: Course,
}

/// What `intervention` will lead to. Steps that `is_paused` stay undone.
///
/// # Errors
/// When the choice is not possible.
pub fn forecast(
    state: &OrderFulfilment,
    intervention: &Intervention,
    is_paused: impl Fn(Step) -> bool,
) -> Result<Forecast, OrderFulfilmentRefusal> {
    let recorded = state.decide(&OrderFulfilmentCommand::Intervene(intervention.clone()))?;
    let mut then = state.clone();
    for event in &recorded {
        then.apply(event);
    }
    Ok(Forecast { recorded, course: course(then, is_paused) })
}

/// What follows from a state. Steps that `is_paused` stay undone.
pub fn course(state: OrderFulfilment, is_paused: impl Fn(Step) -> bool) -> Course {
    let mut then = state;
    let mut rounds = Vec::new();
    loop {
        let pending =
            then.effects.iter().filter(|(_, progress)| matches!(progress, Progress::Pending { .. }));
        let pending: Vec<Step> = pending.map(|(step, _)| *step).collect();
        let (held_back, round): (Vec<Step>, Vec<Step>) =
            pending.into_iter().partition(|step| then.paused || is_paused(*step));
        let outcomes = round
            .iter()
            .map(|step| EffectOutcome { step: *step, outcome: Outcome::Done(stand_in(&then, *step)) })
            .collect();
        // Outcomes are always taken in.
        let events = then.decide(&RecordOutcomes { outcomes }.into()).unwrap_or_default();
        if round.is_empty() || events.is_empty() {
            return Course { rounds, held_back, then };
        }
        for event in events {
            then.apply(&event);
        }
        rounds.push(round);
    }
}

/// What a step would bring about, as far as later ones need it. Its numbers are never shown.
fn stand_in(state: &OrderFulfilment, step: Step) -> Option<Yield> {
    let started = state.started.as_ref()?;
    let delivery = |attempt| Yield::Delivery {
        delivery_id: delivery_id(started.order_id, attempt),
        tracking_number: TrackingNumber::new(started.payment_due_at.date_naive(), 0),
    };
    match step {
        Step::RequestPayment => {
            Some(Yield::Payment { intent_id: state.intent_id.clone().unwrap_or_default() })
        }
        Step::ScheduleDelivery => Some(delivery(1)),
        Step::RescheduleDelivery => Some(delivery(2)),
        Step::RefundPayment | Step::RefundDifference(_) => Some(Yield::Refund { refund_id: String::new() }),
        Step::CancelOrder => {
            Some(Yield::Cancellation { reason: state.unwinding.unwrap_or(CancelReason::AdminDecision) })
        }
        Step::HoldStock(_)
        | Step::ConfirmOrder
        | Step::RecordPickup
        | Step::CommitHold(_)
        | Step::MarkDelivered
        | Step::GiveUpDelivery
        | Step::CancelDelivery
        | Step::WithdrawPayment
        | Step::ReleaseHold(_)
        | Step::ExpireHold(_)
        | Step::ReduceHold(_) => None,
    }
}
