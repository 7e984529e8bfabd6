//! Deadlines: rows that come due by the database's clock.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use agrodeep_domain::OrderId;
use agrodeep_event_store::SharedLog;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    books::kind_of,
    progress::Progress,
    worker::{Job, Workers},
};
use crate::order_fulfilment::DeadlineKind;

/// How many deadlines are handed out at once.
const BATCH_MAX: i64 = 256;
/// How long it sleeps at the most, and after an error.
const SLEEP_MAX: Duration = Duration::from_secs(5);
const SLEEP_WHEN_BUSY: Duration = Duration::from_millis(20);
const SLEEP_AFTER_ERROR: Duration = Duration::from_millis(500);

/// Watches the clock for all fulfilments.
pub(super) struct Clock {
    pub pool: PgPool,
    pub log: SharedLog,
    pub progress: Arc<Progress>,
    pub workers: Workers,
    pub deadline_written: Arc<Notify>,
}

/// A deadline that has passed.
struct Due {
    order_id: OrderId,
    kind: DeadlineKind,
    now: DateTime<Utc>,
}

type Handed = Arc<Mutex<HashSet<(OrderId, DeadlineKind)>>>;

impl Clock {
    /// Hands out what comes due, until stopped.
    pub async fn run(self, stop: CancellationToken) {
        let handed: Handed = Arc::default();
        loop {
            let sleep = match self.hand_out(&handed).await {
                Ok(sleep) => sleep,
                Err(error) => {
                    tracing::warn!(%error, "deadlines cannot be read");
                    SLEEP_AFTER_ERROR
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(sleep) => {}
                () = self.deadline_written.notified() => {}
            }
        }
    }

    /// Hands out what is due now; gives how long to sleep until the next.
    async fn hand_out(&self, handed: &Handed) -> Result<Duration, String> {
        let due = self.due().await.map_err(|error| error.to_string())?;
        let full = due.len() as i64 == BATCH_MAX;
        let fresh: Vec<Due> = {
            let mut handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
            due.into_iter().filter(|due| handed.insert((due.order_id, due.kind))).collect()
        };
        if !fresh.is_empty() {
            // What was in the log before the deadline passed is observed before it: a payment that came in time is in time,
            // however long nobody ran.
            match self.log.head().await {
                Ok(head) => self.progress.wait_for(head).await,
                Err(error) => {
                    let mut handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
                    for due in &fresh {
                        handed.remove(&(due.order_id, due.kind));
                    }
                    return Err(error.to_string());
                }
            }
        }
        let some = !fresh.is_empty();
        for Due { order_id, kind, now } in fresh {
            let handed = Arc::clone(handed);
            let done = move || {
                handed.lock().unwrap_or_else(PoisonError::into_inner).remove(&(order_id, kind));
            };
            self.workers.submit(order_id, Job::Deadline { kind, at: now, done: Box::new(done) });
        }
        if full {
            return Ok(if some { Duration::ZERO } else { SLEEP_WHEN_BUSY });
        }
        self.until_next().await.map_err(|error| error.to_string())
    }

    async fn due(&self) -> Result<Vec<Due>, sqlx::Error> {
        let rows: Vec<(Uuid, String, DateTime<Utc>)> = sqlx::query_as(
            "select order_id, kind, clock_timestamp() from order_fulfilment_deadlines
             where due_at <= now() order by due_at limit $1",
        )
        .bind(BATCH_MAX)
        .fetch_all(&self.pool)
        .await?;
        let due = rows.into_iter().filter_map(|(order_id, kind, now)| {
            Some(Due { order_id: OrderId::from_uuid(order_id), kind: kind_of(&kind)?, now })
        });
        Ok(due.collect())
    }

    async fn until_next(&self) -> Result<Duration, sqlx::Error> {
        let (next,): (Option<f64>,) = sqlx::query_as(
            "select extract(epoch from min(due_at) - clock_timestamp())::float8
             from order_fulfilment_deadlines where due_at > now()",
        )
        .fetch_one(&self.pool)
        .await?;
        // A little more than asked for, so that it is due when we look.
        let next = next.map(|seconds| Duration::from_secs_f64(seconds.max(0.0)) + Duration::from_millis(1));
        Ok(next.unwrap_or(SLEEP_MAX).min(SLEEP_MAX))
    }
}
