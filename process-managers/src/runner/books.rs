//! The runner's own tables: what fulfilments wait for by the clock, and where they stand.
//!
//! Rows follow from a fulfilment's state alone, so writing them again is harmless. What waits at the same moment is written
//! by one statement, on condition that the epoch is still ours.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use agrodeep_domain::OrderId;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::lease::{Lease, NAME};
use crate::{
    faults,
    order_fulfilment::{DeadlineKind, OrderFulfilment, StepName},
};

/// How many rows are written at once.
const BATCH_MAX: usize = 256;

/// Why a row was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotWritten {
    /// The lease is somebody else's.
    LeaseLost,
    /// The database cannot be reached.
    Outage(String),
}

/// The rows of one fulfilment.
struct Page {
    order_id: OrderId,
    stands_at: Option<&'static str>,
    parked: Vec<String>,
    paused: bool,
    /// The steps that would be done, but for a pause of them for all orders.
    held_back: BTreeSet<StepName>,
    deadlines: Vec<(DeadlineKind, DateTime<Utc>)>,
}

impl Page {
    fn of(order_id: OrderId, state: &OrderFulfilment, held_back: BTreeSet<StepName>) -> Self {
        Self {
            order_id,
            stands_at: state.stands_at(),
            parked: state.parked().map(|step| step.to_string()).collect(),
            paused: state.paused,
            held_back,
            deadlines: state.deadlines(),
        }
    }
}

type Waiting = (Page, oneshot::Sender<Result<(), NotWritten>>);

/// Writes rows, many at once. Clones share everything.
#[derive(Clone)]
pub(super) struct Books {
    waiting: mpsc::Sender<Waiting>,
    /// Woken when a deadline was written: it may be the next one due.
    pub deadline_written: Arc<tokio::sync::Notify>,
}

impl Books {
    /// Writes to `pool` as long as `lease` is held.
    pub fn open(pool: PgPool, lease: Arc<Lease>) -> Self {
        let (waiting, mut received) = mpsc::channel::<Waiting>(BATCH_MAX * 4);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            while received.recv_many(&mut batch, BATCH_MAX).await > 0 {
                let (pages, callers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                let written = match write(&pool, lease.epoch, &pages).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(NotWritten::LeaseLost),
                    Err(error) => Err(NotWritten::Outage(error.to_string())),
                };
                for caller in callers {
                    // Who no longer waits is not told.
                    let _ = caller.send(written.clone());
                }
            }
        });
        Self { waiting, deadline_written: Arc::default() }
    }

    /// Writes what a fulfilment's state asks for.
    pub async fn keep(
        &self,
        order_id: OrderId,
        state: &OrderFulfilment,
        held_back: BTreeSet<StepName>,
    ) -> Result<(), NotWritten> {
        let failed = || NotWritten::Outage(faults::WORDS.to_owned());
        faults::around(faults::BOOKS, self.keep_here(order_id, state, held_back), failed).await
    }

    async fn keep_here(
        &self,
        order_id: OrderId,
        state: &OrderFulfilment,
        held_back: BTreeSet<StepName>,
    ) -> Result<(), NotWritten> {
        let page = Page::of(order_id, state, held_back);
        let with_deadline = !page.deadlines.is_empty();
        let (caller, told) = oneshot::channel();
        let stopped = || NotWritten::Outage("the task that writes has stopped".to_owned());
        self.waiting.send((page, caller)).await.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())??;
        if with_deadline {
            self.deadline_written.notify_one();
        }
        Ok(())
    }
}

/// Makes the rows of these fulfilments what the pages say. `false`: the lease is somebody else's; nothing was written.
async fn write(pool: &PgPool, epoch: i64, pages: &[Page]) -> Result<bool, sqlx::Error> {
    // One row cannot be written twice by one statement: of an order's pages the last counts.
    let latest: HashMap<OrderId, &Page> = pages.iter().map(|page| (page.order_id, page)).collect();
    let orders: Vec<Uuid> = latest.keys().map(|order_id| order_id.uuid()).collect();
    let (mut open, mut stands_at, mut parked, mut paused) = (vec![], vec![], vec![], vec![]);
    let (mut held_back, mut held_back_steps) = (vec![], vec![]);
    let (mut waiting, mut kinds, mut due) = (vec![], vec![], vec![]);
    for page in latest.values() {
        if let Some(place) = page.stands_at {
            open.push(page.order_id.uuid());
            stands_at.push(place);
            parked.push(page.parked.join(" "));
            paused.push(page.paused);
        }
        for step in &page.held_back {
            held_back.push(page.order_id.uuid());
            held_back_steps.push(step.as_str());
        }
        for (kind, due_at) in &page.deadlines {
            waiting.push(page.order_id.uuid());
            kinds.push(kind_name(*kind));
            due.push(*due_at);
        }
    }
    let (ours,): (bool,) = sqlx::query_as(
        "with lease as materialized (
             select 1 from process_managers where name = $1 and epoch = $2 for share
         ), deadlines as (
             select * from unnest($7::uuid[], $8::text[], $9::timestamptz[]) as d (order_id, kind, due_at)
         ), no_deadline as (
             delete from order_fulfilment_deadlines d using lease
             where d.order_id = any($3::uuid[])
               and not exists (select 1 from deadlines n where n.order_id = d.order_id and n.kind = d.kind)
         ), deadline as (
             insert into order_fulfilment_deadlines as d (order_id, kind, due_at)
             select n.order_id, n.kind, n.due_at from deadlines n, lease
             on conflict (order_id, kind) do update set due_at = excluded.due_at where d.due_at <> excluded.due_at
         ), ended as (
             delete from order_fulfilments f using lease
             where f.order_id = any($3::uuid[]) and f.order_id <> all($4::uuid[])
         ), standing as (
             insert into order_fulfilments as f (order_id, stands_at, parked, paused)
             select n.order_id, n.stands_at, coalesce(string_to_array(nullif(n.parked, ''), ' '), '{}'), n.paused
             from unnest($4::uuid[], $5::text[], $6::text[], $10::boolean[])
                 as n (order_id, stands_at, parked, paused), lease
             on conflict (order_id) do update
             set stands_at = excluded.stands_at, parked = excluded.parked, paused = excluded.paused, since = now()
             where (f.stands_at, f.parked, f.paused)
                 is distinct from (excluded.stands_at, excluded.parked, excluded.paused)
         ), held as (
             select * from unnest($11::text[], $12::uuid[]) as h (step, order_id)
         ), not_held_back as (
             delete from order_fulfilments_held_back h using lease
             where h.order_id = any($3::uuid[])
               and not exists (select 1 from held n where n.order_id = h.order_id and n.step = h.step)
         ), held_back as (
             insert into order_fulfilments_held_back (step, order_id)
             select n.step, n.order_id from held n, lease on conflict do nothing
         )
         select exists (select 1 from lease)",
    )
    // Planned anew each time: a plan made while the tables were empty would read them from end to end for ever.
    .persistent(false)
    .bind(NAME)
    .bind(epoch)
    .bind(&orders)
    .bind(&open)
    .bind(&stands_at)
    .bind(&parked)
    .bind(&waiting)
    .bind(&kinds)
    .bind(&due)
    .bind(&paused)
    .bind(&held_back_steps)
    .bind(&held_back)
    .fetch_one(pool)
    .await?;
    Ok(ours)
}

/// The kind as it stands in the table: never change it.
pub(super) const fn kind_name(kind: DeadlineKind) -> &'static str {
    match kind {
        DeadlineKind::Payment => "payment",
        DeadlineKind::Retry => "retry",
    }
}

/// The kind of that name.
pub(super) fn kind_of(name: &str) -> Option<DeadlineKind> {
    [DeadlineKind::Payment, DeadlineKind::Retry].into_iter().find(|kind| kind_name(*kind) == name)
}
