//! One runner at a time: a lease with a fencing epoch, on the database's clock.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use agrodeep_event_store::Position;
use sqlx::PgPool;

use crate::faults;

/// The process manager's row in `process_managers`.
pub(super) const NAME: &str = "order_fulfilment";

/// The right to run, until it runs out. Whoever takes it over has a higher epoch, and nothing is written with an old one.
pub(super) struct Lease {
    pool: PgPool,
    pub epoch: i64,
    time: Duration,
    began: Instant,
    /// By this process's clock, which also runs while the process is paused; in milliseconds since `began`. Counted from
    /// before the database was asked, so it ends no later than the database thinks.
    ends: AtomicU64,
}

impl Lease {
    /// Takes the lease if it is free, and gives the checkpoint to go on from.
    pub async fn try_take(
        pool: &PgPool,
        holder: &str,
        time: Duration,
    ) -> Result<Option<(Self, Position)>, sqlx::Error> {
        let began = Instant::now();
        sqlx::query("insert into process_managers (name) values ($1) on conflict do nothing")
            .bind(NAME)
            .execute(pool)
            .await?;
        let take = sqlx::query_as(
            "update process_managers
             set epoch = epoch + 1, holder = $2, leased_until = clock_timestamp() + $3 * interval '1 millisecond'
             where name = $1 and leased_until <= clock_timestamp()
             returning epoch, checkpoint",
        )
        .bind(NAME)
        .bind(holder)
        .bind(milliseconds(time))
        .fetch_optional(pool);
        let taken: Option<(i64, i64)> = faults::around(faults::LEASE_TAKE, take, faults::no_answer).await?;
        Ok(taken.map(|(epoch, checkpoint)| {
            let ends = AtomicU64::new(time.as_millis() as u64);
            (Self { pool: pool.clone(), epoch, time, began, ends }, Position(checkpoint))
        }))
    }

    /// Whether it is certainly still ours. A process that was paused finds out here, before it acts.
    pub fn is_held(&self) -> bool {
        (self.began.elapsed().as_millis() as u64) < self.ends.load(Ordering::Acquire)
    }

    /// Notes how far the work has come and holds on for another while. `false`: it is somebody else's now.
    pub async fn renew(&self, checkpoint: Position) -> Result<bool, sqlx::Error> {
        let asked = self.began.elapsed();
        let renew = sqlx::query(
            "update process_managers
             set checkpoint = greatest(checkpoint, $3),
                 leased_until = clock_timestamp() + $4 * interval '1 millisecond'
             where name = $1 and epoch = $2",
        )
        .bind(NAME)
        .bind(self.epoch)
        .bind(checkpoint.0)
        .bind(milliseconds(self.time))
        .execute(&self.pool);
        let renewed = faults::around(faults::LEASE_RENEW, renew, faults::no_answer).await?;
        if renewed.rows_affected() == 0 {
            self.ends.store(0, Ordering::Release);
            return Ok(false);
        }
        self.ends.store((asked + self.time).as_millis() as u64, Ordering::Release);
        Ok(true)
    }

    /// Notes how far the work has come and gives the lease back, so that another can take it at once.
    pub async fn give_back(&self, checkpoint: Position) -> Result<(), sqlx::Error> {
        self.ends.store(0, Ordering::Release);
        let give_back = sqlx::query(
            "update process_managers
             set checkpoint = greatest(checkpoint, $3), leased_until = '-infinity', holder = null
             where name = $1 and epoch = $2",
        )
        .bind(NAME)
        .bind(self.epoch)
        .bind(checkpoint.0)
        .execute(&self.pool);
        faults::around(faults::LEASE_GIVE_BACK, give_back, faults::no_answer).await?;
        Ok(())
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Frees the lease whoever holds it, so that a runner can start at once. Only for who knows that no other runner lives:
/// `agrodeep up` has its data folder to itself, so the holder is a process that was killed.
///
/// # Errors
/// When the database cannot be reached.
pub async fn release_lease(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update process_managers set epoch = epoch + 1, leased_until = '-infinity', holder = null where name = $1",
    )
    .bind(NAME)
    .execute(pool)
    .await?;
    Ok(())
}
