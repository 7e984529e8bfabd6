//! What operators see of fulfilments.

use agrodeep_domain::OrderId;
use metrics::{counter, gauge};

use crate::order_fulfilment::{OrderFulfilmentEvent, Step, StepName};

/// Counts what was newly recorded, and says aloud what a person must know.
pub(crate) fn recorded(order_id: OrderId, event: &OrderFulfilmentEvent) {
    match event {
        OrderFulfilmentEvent::CompensationsPlanned(planned) => {
            for effect in &planned.effects {
                counter!("saga_compensations_total", "step" => effect.step.name()).increment(1);
            }
        }
        OrderFulfilmentEvent::EffectFailed(failed) => {
            counter!("saga_effects_failed_total", "step" => failed.step.name()).increment(1);
            tracing::warn!(%order_id, step = %failed.step, attempt = failed.attempt, error = failed.error,
                "an effect failed and will be tried again");
        }
        OrderFulfilmentEvent::EffectParked(parked) => {
            counter!("saga_parked_total", "step" => parked.step.name()).increment(1);
            tracing::error!(%order_id, step = %parked.step, attempts = parked.attempts, error = parked.error,
                "an effect is parked: a person has to decide");
        }
        OrderFulfilmentEvent::PaymentTimeExtended(extended) => {
            counter!("payment_time_extended_total").increment(1);
            tracing::info!(%order_id, until = %extended.until,
                "the provider has not decided about a payment: stock is held longer");
        }
        OrderFulfilmentEvent::FulfilmentStarted(_)
        | OrderFulfilmentEvent::FactObserved(_)
        | OrderFulfilmentEvent::DeadlinePassed(_)
        | OrderFulfilmentEvent::UnwindingStarted(_)
        | OrderFulfilmentEvent::EffectsPlanned(_)
        | OrderFulfilmentEvent::EffectsDone(_)
        | OrderFulfilmentEvent::EffectRefused(_)
        | OrderFulfilmentEvent::FulfilmentCompleted(_) => {}
        OrderFulfilmentEvent::RetryOrdered(_) => intervened(order_id, "retry"),
        OrderFulfilmentEvent::StepSkipped(_) => intervened(order_id, "skip"),
        OrderFulfilmentEvent::FulfilmentAbandoned(_) => intervened(order_id, "abandon"),
        OrderFulfilmentEvent::FulfilmentPaused(_) => intervened(order_id, "pause"),
        OrderFulfilmentEvent::FulfilmentResumed(_) => intervened(order_id, "resume"),
    }
}

fn intervened(order_id: OrderId, choice: &'static str) {
    counter!("saga_interventions_total", "choice" => choice).increment(1);
    tracing::info!(%order_id, choice, "a person has decided about a fulfilment");
}

/// An effect that is being done; dropped when it no longer is.
pub(crate) struct InFlight(Step);

/// Counts an effect that is being done.
pub(crate) fn in_flight(step: Step) -> InFlight {
    gauge!("saga_effects_in_flight", "step" => step.name()).increment(1.0);
    InFlight(step)
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("saga_effects_in_flight", "step" => self.0.name()).decrement(1.0);
    }
}

/// Shows how many fulfilments stand where.
pub(crate) fn standing(stands_at: &str, count: i64) {
    gauge!("saga_in_flight", "step" => stands_at.to_owned()).set(count as f64);
}

/// Shows how many fulfilments wait for a person.
pub(crate) fn parked(count: i64) {
    gauge!("saga_parked").set(count as f64);
}

/// Shows how many deadlines have passed without anybody having acted on them.
pub(crate) fn overdue(count: i64) {
    gauge!("saga_deadlines_overdue").set(count as f64);
}

/// Shows how many fulfilments a person has paused.
pub(crate) fn paused(count: i64) {
    gauge!("saga_paused").set(count as f64);
}

/// Shows whether a step is paused for all orders, and how many fulfilments wait for it.
pub(crate) fn step(name: StepName, is_paused: bool, held_back: i64) {
    gauge!("saga_step_paused", "step" => name.as_str()).set(f64::from(u8::from(is_paused)));
    gauge!("saga_held_back", "step" => name.as_str()).set(held_back as f64);
}
