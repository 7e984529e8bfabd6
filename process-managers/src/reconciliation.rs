//! Asks the payment provider, from time to time, about payments whose outcome nobody has told.
//!
//! Which these are the runner's own table says: the fulfilments that wait for a payment or a refund. What is found goes to
//! the order the way a webhook goes, so it may run in several processes at once, beside the runner, or by hand.

use std::time::Duration;

use agrodeep_commands::{
    Commands,
    payments::{
        outcome::RecordError,
        reconcile::{Mode, Reconciled, reconcile},
    },
};
use agrodeep_domain::OrderId;
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many payments are asked about at the same moment: far below what a provider allows in a second.
const AT_ONCE_MAX: usize = 4;
/// How many orders are looked up at once.
const PAGE: i64 = 500;
/// The lock that keeps passes from running beside each other in several processes; any number, always the same.
const LOCK: i64 = 0x6167_7265_636f_6e31;

/// When it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconciliationSettings {
    /// How often.
    pub every: Duration,
    /// About payments that have had no outcome for so long.
    pub after: Duration,
}

/// One order that was asked about, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The order.
    pub order_id: OrderId,
    /// What came of it.
    pub result: Result<Reconciled, RecordError>,
}

/// Asks the provider. Clones share everything.
#[derive(Clone)]
pub struct Reconciliation {
    commands: Commands,
    pool: PgPool,
}

impl Reconciliation {
    /// Asks by the market's `commands`, about the fulfilments in the write side's database `pool`.
    pub fn new(commands: Commands, pool: PgPool) -> Self {
        Self { commands, pool }
    }

    /// Asks again and again until stopped.
    pub async fn run(self, settings: ReconciliationSettings, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(settings.every) => {}
            }
            let pass = self.alone(settings.after);
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = pass => outcome,
            };
            match outcome {
                Ok(None) => {}
                Ok(Some(asked)) => {
                    metrics::gauge!("payments_without_outcome").set(asked.len() as f64);
                    let failed = asked.iter().filter(|asked| asked.result.is_err()).count();
                    tracing::debug!(
                        asked = asked.len(),
                        failed,
                        "payments without an outcome were asked about"
                    );
                }
                Err(error) => tracing::warn!(%error, "payments without an outcome cannot be looked up"),
            }
        }
    }

    /// One pass, unless another process is at it: `None`.
    async fn alone(&self, after: Duration) -> Result<Option<Vec<Asked>>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        // The lock goes with the connection, however this ends.
        connection.close_on_drop();
        let (alone,): (bool,) =
            sqlx::query_as("select pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut *connection).await?;
        if !alone {
            return Ok(None);
        }
        self.once(after, Mode::Correct).await.map(Some)
    }

    /// Asks about everything that has waited for `after`, the oldest first, and corrects what `mode` says.
    ///
    /// # Errors
    /// When the database cannot be reached. That the provider cannot be asked about one order is in that order's result.
    pub async fn once(&self, after: Duration, mode: Mode) -> Result<Vec<Asked>, sqlx::Error> {
        let mut asked = Vec::new();
        let mut beyond = (DateTime::UNIX_EPOCH, Uuid::nil());
        loop {
            let page: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
                "select order_id, since from order_fulfilments
                 where stands_at in ('awaiting_payment', 'awaiting_refund', 'withdraw_payment')
                   and since <= now() - make_interval(secs => $1) and (since, order_id) > ($2, $3)
                 order by since, order_id limit $4",
            )
            .bind(after.as_secs_f64())
            .bind(beyond.0)
            .bind(beyond.1)
            .bind(PAGE)
            .fetch_all(&self.pool)
            .await?;
            let Some((last_id, last_since)) = page.last().copied() else { return Ok(asked) };
            beyond = (last_since, last_id);
            let results =
                stream::iter(page).map(|(order_id, _)| self.ask(OrderId::from_uuid(order_id), mode));
            asked.extend(results.buffered(AT_ONCE_MAX).collect::<Vec<_>>().await);
        }
    }

    async fn ask(&self, order_id: OrderId, mode: Mode) -> Asked {
        let result = reconcile(&self.commands, order_id, mode, Utc::now()).await;
        if let Err(error) = &result {
            tracing::warn!(%order_id, %error, "the provider cannot be asked about a payment");
        }
        Asked { order_id, result }
    }
}
