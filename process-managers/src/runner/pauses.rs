//! The steps that are paused for all orders, as the runner knows them: loaded when it begins, and kept by following the log.

use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLock},
};

use agrodeep_commands::Executor;
use agrodeep_domain::{
    Aggregate, evolution,
    order_fulfilment::{FulfilmentSteps, FulfilmentStepsEvent, Step, StepName},
};
use agrodeep_event_store::RecordedEvent;
use sqlx::PgPool;

use super::lease::{Lease, NAME};

/// Which steps are paused at this moment.
#[derive(Default)]
pub(super) struct Pauses {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    steps: BTreeSet<StepName>,
    /// Up to which event of the stream.
    version: u64,
}

impl Pauses {
    /// What the log has at this moment.
    pub async fn load(executor: &Executor) -> Result<Self, String> {
        let found = executor.state::<FulfilmentSteps>(FulfilmentSteps::ID).await;
        let found = found.map_err(|error| error.to_string())?;
        let inner = Inner { steps: found.state.paused.into_keys().collect(), version: found.version };
        Ok(Self { inner: RwLock::new(inner) })
    }

    /// Whether an event is about this.
    pub fn concerns(event: &RecordedEvent) -> bool {
        *event.stream.aggregate_type == *FulfilmentSteps::TYPE
    }

    /// Takes an event in; gives the step that was resumed by it. One that was known before says nothing.
    pub fn take(&self, event: &RecordedEvent) -> Result<Option<StepName>, evolution::Unreadable> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if event.version <= inner.version {
            return Ok(None);
        }
        let read = evolution::read(&event.event_type, &event.event_version, event.payload.get())?;
        inner.version = event.version;
        Ok(match read {
            FulfilmentStepsEvent::StepPaused(paused) => {
                tracing::warn!(step = %paused.step, "a step is paused for all orders");
                inner.steps.insert(paused.step);
                None
            }
            FulfilmentStepsEvent::StepResumed(resumed) => {
                tracing::info!(step = %resumed.step, "a step is resumed for all orders");
                inner.steps.remove(&resumed.step);
                Some(resumed.step)
            }
        })
    }

    pub fn holds_back(&self, step: Step) -> bool {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.steps.contains(&StepName::from(step))
    }

    /// All of them.
    pub fn steps(&self) -> BTreeSet<StepName> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).steps.clone()
    }
}

/// Has every fulfilment looked at again that waits for a step which is not `paused` any more.
pub(super) async fn wake(
    pool: &PgPool,
    lease: &Lease,
    paused: &BTreeSet<StepName>,
) -> Result<u64, sqlx::Error> {
    let paused: Vec<&str> = paused.iter().map(|step| step.as_str()).collect();
    let woken = sqlx::query(
        "with lease as materialized (
             select 1 from process_managers where name = $1 and epoch = $2 for share
         )
         insert into order_fulfilment_deadlines as d (order_id, kind, due_at)
         select distinct h.order_id, 'retry', now() from order_fulfilments_held_back h, lease
         where h.step <> all($3::text[])
         on conflict (order_id, kind) do update set due_at = least(d.due_at, excluded.due_at)",
    )
    .bind(NAME)
    .bind(lease.epoch)
    .bind(paused)
    .execute(pool)
    .await?;
    Ok(woken.rows_affected())
}
