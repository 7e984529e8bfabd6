//! Making a choice, or telling what it would lead to.

use agrodeep_commands::sagas::SagaDesk;
use agrodeep_domain::{
    OrderId,
    order_fulfilment::{Intervention, Reason, StepName},
};
use agrodeep_write_api::sagas::{SagaChoiceView, SagaEffectView, SagaStepView};
use anyhow::{Context, Result, bail};

use super::How;
use crate::terminal::say;

/// Makes a choice, or only tells what it would lead to. `nobody_runs`: it is carried out later.
pub async fn choose(
    desk: &SagaDesk,
    order: OrderId,
    choice: Intervention,
    how: &How,
    nobody_runs: bool,
) -> Result<()> {
    let name = choice.name();
    let view = if how.dry_run {
        let (forecast, _) = desk.forecast(order, &choice, None).await.context(refused(name, order))?;
        SagaChoiceView::of(order, name, true, &forecast.recorded, forecast.course)
    } else {
        let (executed, course) =
            desk.decide(order, choice, how.context()).await.context(refused(name, order))?;
        SagaChoiceView::of(order, name, false, &executed.events, course)
    };
    if how.json {
        say(serde_json::to_string_pretty(&view)?);
        return Ok(());
    }
    tell(&view);
    if nobody_runs && !how.dry_run {
        say("Nobody fulfils orders at this moment: it is carried out as soon as somebody does.");
    }
    Ok(())
}

fn refused(choice: &str, order: OrderId) -> String {
    format!("{choice} {order}")
}

fn tell(view: &SagaChoiceView) {
    let SagaChoiceView { order_id, choice, dry_run, recorded, effects, held_back, state_then, step_then } =
        view;
    let recorded = recorded.join(", ");
    if *dry_run {
        say(format!("{choice} {order_id}: nothing is done. It would record {recorded}."));
    } else {
        say(format!("{choice} {order_id}: recorded {recorded}."));
    }
    if effects.is_empty() {
        say("  Nothing is done because of it.");
    } else {
        say("  If everything works and nothing else happens, this is done:");
    }
    for (n, round) in effects.iter().enumerate() {
        let steps: Vec<String> = round.iter().map(words).collect();
        say(format!("  {:>3}. {}", n + 1, steps.join(", ")));
    }
    if !held_back.is_empty() {
        let steps: Vec<String> = held_back.iter().map(words).collect();
        say(format!("  Held back by a pause: {}", steps.join(", ")));
    }
    let state = state_then.unwrap_or("not begun");
    match step_then {
        Some(step) => say(format!("  After that: {state} at {step}")),
        None => say(format!("  After that: {state}")),
    }
}

fn words(effect: &SagaEffectView) -> String {
    match &effect.undoes {
        Some(undoes) => format!("{} (undoes {undoes})", effect.step),
        None => effect.step.clone(),
    }
}

/// Has a step of all orders wait.
pub async fn pause_step(desk: &SagaDesk, step: StepName, reason: Reason, how: &How) -> Result<()> {
    if how.dry_run {
        bail!("--dry-run tells what a choice about one order leads to: give an order");
    }
    desk.pause_step(step, reason, how.context()).await.with_context(|| format!("pause {step}"))?;
    told(SagaStepView { step: step.as_str(), paused: true }, how)
}

/// Has a step of all orders go on.
pub async fn resume_step(desk: &SagaDesk, step: StepName, reason: Option<Reason>, how: &How) -> Result<()> {
    if how.dry_run {
        bail!("--dry-run tells what a choice about one order leads to: give an order");
    }
    desk.resume_step(step, reason, how.context()).await.with_context(|| format!("resume {step}"))?;
    told(SagaStepView { step: step.as_str(), paused: false }, how)
}

fn told(view: SagaStepView, how: &How) -> Result<()> {
    if how.json {
        say(serde_json::to_string_pretty(&view)?);
    } else if view.paused {
        say(format!("{} is paused for all orders: it is planned, and done once it is resumed.", view.step));
    } else {
        say(format!("{} is done again, for all orders.", view.step));
    }
    Ok(())
}
