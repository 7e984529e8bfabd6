//! For those who break the saga: what can be broken, and what a person does about a step that is parked.

use std::{collections::HashSet, time::Duration};

use agrodeep_commands::{CommandContext, Commands};
use agrodeep_domain::{Actor, OrderId, ProductId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::gateway;
use crate::{
    drive::{Discretion, Driver, Halt},
    effects::{ACTOR, Cause, Services, perform},
    order_fulfilment::{EffectOutcome, OrderFulfilment, Outcome, RecordOutcomes, Step, Yield},
    retry::RetryPolicy,
};

/// The names of all fault points.
pub fn points() -> Vec<String> {
    let steps = Step::all(ProductId::from_uuid(Uuid::nil()));
    let steps: HashSet<&str> = steps.iter().map(|step| step.name()).collect();
    let places = steps.iter().flat_map(|step| [("effect", *step), ("append", *step)]);
    let calls = gateway::CALLS.map(|call| ("gateway", call));
    let records = ["observed", "outcomes", "deadline"].map(|record| ("record", record));
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

/// Who does something once, by hand.
struct Once;

impl Discretion for Once {
    fn may_act(&self) -> bool {
        true
    }

    fn retries(&self) -> Option<&RetryPolicy> {
        None
    }

    fn effect_time_max(&self) -> Option<Duration> {
        None
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
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

/// Does a step that waits for a person once more, records that it is done, and goes on from there.
pub async fn retry(commands: &Commands, order_id: OrderId, step: Step) -> Result<OrderFulfilment, String> {
    let words = |halt: Halt| halt.to_string();
    let state = commands.executor.state::<OrderFulfilment>(order_id.uuid()).await;
    let state = state.map_err(|error| error.to_string())?.state;
    let yields = perform_again(commands, &state, step).await?;
    let driver = Driver::new(Services::of(commands));
    let record = RecordOutcomes { outcomes: vec![EffectOutcome { step, outcome: Outcome::Done(yields) }] };
    let cause = cause(order_id);
    let context: CommandContext = cause.command(Uuid::now_v7());
    let standing = driver.tell(order_id, record, context).await.map_err(words)?;
    driver.drive(order_id, cause, standing, &Once).await.map_err(words)
}
