//! For those who break the saga: what can be broken, and doing everything again.

use std::collections::HashSet;

use agrodeep_commands::Commands;
use agrodeep_domain::{Actor, OrderId, ProductId};
use chrono::Utc;
use uuid::Uuid;

use super::gateway;
use crate::{
    effects::{ACTOR, Cause, Services, perform},
    order_fulfilment::{OrderFulfilment, Step, Yield},
};

/// The names of all fault points.
pub fn points() -> Vec<String> {
    let steps = Step::all(ProductId::from_uuid(Uuid::nil()));
    let steps: HashSet<&str> = steps.iter().map(|step| step.name()).collect();
    let places = steps.iter().flat_map(|step| [("effect", *step), ("append", *step)]);
    let calls = gateway::CALLS.map(|call| ("gateway", call));
    let records = ["observed", "outcomes", "deadline", "payment_time"].map(|record| ("record", record));
    let lease = ["take", "renew", "give_back"].map(|which| ("lease", which));
    // A step that has no command of its own has nothing to append.
    let appends = |(what, which): &(&str, &str)| *what != "append" || *which != Step::WithdrawPayment.name();
    let mut points: Vec<String> = places
        .filter(appends)
        .chain(calls)
        .chain(records)
        .chain(lease)
        .chain([("books", "keep")])
        .flat_map(|(what, which)| ["before", "after"].map(|side| format!("saga::{side}_{what}::{which}")))
        .collect();
    points.sort();
    points
}

fn cause(order_id: OrderId) -> Cause {
    Cause {
        actor: Actor::system(ACTOR),
        correlation_id: order_id.uuid(),
        causation_id: order_id.uuid(),
        traceparent: None,
        occurred_at: Utc::now(),
    }
}

/// Does what a step of this fulfilment does, whether or not it was done before, as somebody who knows nothing of that, and
/// records nothing. `Err`: why it was not done.
pub async fn perform_again(
    commands: &Commands,
    state: &OrderFulfilment,
    step: Step,
) -> Result<Option<Yield>, String> {
    let started = state.started.as_ref().ok_or_else(|| "it has not begun".to_owned())?;
    let services = Services::of(commands);
    let performed = perform(&services, &cause(started.order_id), state, step, false).await;
    performed.map_err(|trouble| format!("{trouble:?}"))
}
