//! What is to be done next, from the state alone.

use agrodeep_domain::OrderId;

use super::{
    CompensationsPlanned, EffectsPlanned, FulfilmentCompleted, FulfilmentOutcome, FulfilmentStarted,
    OrderFulfilment, OrderFulfilmentEvent, PlannedEffect, Progress, Refusal, Step, Undo, UnwindingStarted,
    effect_id, react::reason_to_unwind,
};

/// What the state asks to be recorded next; nothing: it waits for a fact, an outcome or a deadline, or has ended.
pub(super) fn plan(state: &OrderFulfilment) -> Vec<OrderFulfilmentEvent> {
    let Some(started) = &state.started else {
        return vec![];
    };
    if state.unwinding.is_none()
        && let Some(reason) = reason_to_unwind(state)
    {
        return vec![UnwindingStarted { reason }.into()];
    }
    // What the order has said about a line holds, whether it goes on or not.
    let mut steps = unplanned(state, &state.settling(started));
    steps.extend(if state.unwinding.is_some() {
        backward(state, started)
    } else if state.is_being_abandoned() {
        // The order arbitrates: nothing is undone before it says that it does not go on.
        unplanned(state, &[Step::CancelOrder])
    } else {
        forward(state, started)
    });
    if !steps.is_empty() {
        return planned(started.order_id, &steps);
    }
    match ended(state, started) {
        Some(outcome) if state.outcome.is_none() => vec![FulfilmentCompleted { outcome }.into()],
        _ => vec![],
    }
}

fn planned(order_id: OrderId, steps: &[Step]) -> Vec<OrderFulfilmentEvent> {
    let effects = |compensations: bool| -> Vec<PlannedEffect> {
        steps
            .iter()
            .filter(|step| step.is_compensation() == compensations)
            .map(|step| PlannedEffect { effect_id: effect_id(order_id, *step), step: *step })
            .collect()
    };
    let mut events = Vec::new();
    let (onwards, compensations) = (effects(false), effects(true));
    if !onwards.is_empty() {
        events.push(EffectsPlanned { effects: onwards }.into());
    }
    if !compensations.is_empty() {
        events.push(CompensationsPlanned { effects: compensations }.into());
    }
    events
}

/// The steps that lead on, once what they need is there.
fn forward(state: &OrderFulfilment, started: &FulfilmentStarted) -> Vec<Step> {
    let mut steps = Vec::new();
    if state.shipped_by.is_some() {
        steps.push(Step::RecordPickup);
        // Only what is kept in the end leaves the stock.
        let leaving = state.leaving(started).into_iter().filter(|product| state.is_reduced(*product));
        steps.extend(leaving.map(Step::CommitHold));
        if state.delivered_by.is_some() {
            steps.push(Step::MarkDelivered);
        } else {
            steps.extend(after_failed_deliveries(state));
        }
    } else {
        steps.extend(holds(started));
        if steps.iter().all(|hold| state.is_done(*hold)) {
            steps.push(Step::RequestPayment);
        }
        if state.paid {
            steps.push(Step::ScheduleDelivery);
        }
        if state.is_done(Step::ScheduleDelivery) {
            steps.push(Step::ConfirmOrder);
        }
    }
    steps.retain(|step| state.progress(*step).is_none());
    steps
}

/// A delivery that fails on the way is tried once more; then the goods are written off and the money is given back.
fn after_failed_deliveries(state: &OrderFulfilment) -> Vec<Step> {
    if state.failed.is_empty() {
        return vec![];
    }
    let mut steps = vec![Step::RescheduleDelivery];
    let refused = matches!(state.progress(Step::RescheduleDelivery), Some(Progress::Refused(_)));
    if refused || state.failed.len() > 1 {
        steps.extend(undo(state, Step::RescheduleDelivery));
    }
    if state.is_done(Step::GiveUpDelivery) {
        steps.extend(undo(state, Step::RequestPayment));
    }
    steps
}

/// The steps that undo what was done, the last first: each group when the one before it has been tried.
///
/// A step that may have been done counts as done. What is still being tried is undone when it turns out to be done; a
/// compensation that fails is tried again, but does not keep those after it waiting.
fn backward(state: &OrderFulfilment, started: &FulfilmentStarted) -> Vec<Step> {
    let order_is_open = state.cancelled.is_none();
    let mut groups = Vec::new();
    if order_is_open && state.paid {
        // The order arbitrates: money goes back only from an order that can no longer go on.
        groups.push(vec![Step::CancelOrder]);
    }
    groups.push(undo_if_done(state, Step::ScheduleDelivery));
    groups.push(if state.paid {
        undo(state, Step::RequestPayment).into_iter().collect()
    } else {
        undo_if_done(state, Step::RequestPayment)
    });
    groups.push(holds(started).flat_map(|hold| undo_if_done(state, hold)).collect());
    if order_is_open {
        groups.push(vec![Step::CancelOrder]);
    }
    for group in groups {
        let unplanned = unplanned(state, &group);
        if !unplanned.is_empty() {
            return unplanned;
        }
        let open_order = group == [Step::CancelOrder];
        if open_order || group.iter().any(|step| state.is_untried(*step)) {
            return vec![];
        }
    }
    vec![]
}

fn unplanned(state: &OrderFulfilment, steps: &[Step]) -> Vec<Step> {
    steps.iter().copied().filter(|step| state.progress(*step).is_none()).collect()
}

fn holds(started: &FulfilmentStarted) -> impl Iterator<Item = Step> {
    started.lines.iter().map(|line| Step::HoldStock(line.product_id))
}

fn undo(state: &OrderFulfilment, step: Step) -> Option<Step> {
    match step.undone_by(state.circumstances()) {
        Undo::By(undo) => Some(undo),
        Undo::Never(_) => None,
    }
}

fn undo_if_done(state: &OrderFulfilment, step: Step) -> Vec<Step> {
    match state.progress(step) {
        Some(Progress::Done | Progress::Parked) => undo(state, step).into_iter().collect(),
        Some(Progress::Pending { .. } | Progress::Refused(_) | Progress::Skipped) | None => vec![],
    }
}

/// How the fulfilment has ended, once nothing is left to be done or waited for.
fn ended(state: &OrderFulfilment, started: &FulfilmentStarted) -> Option<FulfilmentOutcome> {
    let open = |(step, progress): (&Step, &Progress)| match progress {
        Progress::Pending { .. } => true,
        Progress::Parked => state.needs_a_person(*step),
        Progress::Done | Progress::Refused(_) | Progress::Skipped => false,
    };
    if state.effects.iter().any(open) {
        return None;
    }
    if !state.differences_are_back() {
        return None;
    }
    let money_is_back = state.paid == state.refunded;
    if state.unwinding.is_some() {
        let reason = state.cancelled?;
        let withdrawal = state.progress(Step::WithdrawPayment);
        let payment_is_on_its_way =
            !state.paid && matches!(withdrawal, Some(Progress::Refused(Refusal::AlreadyPaid)));
        return (money_is_back && !payment_is_on_its_way).then_some(FulfilmentOutcome::Cancelled { reason });
    }
    let all_committed =
        state.leaving(started).into_iter().all(|product| state.is_done(Step::CommitHold(product)));
    if !all_committed {
        return None;
    }
    if state.is_done(Step::MarkDelivered) {
        return Some(FulfilmentOutcome::Delivered);
    }
    (state.is_done(Step::GiveUpDelivery) && money_is_back).then_some(FulfilmentOutcome::WrittenOff)
}
