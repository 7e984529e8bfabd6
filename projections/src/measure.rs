//! What benchmarks ask for: the log applied to tables in transactions of a given size, and read without any tables.

use std::sync::Arc;

use agrodeep_event_store::{LogError, Position, SharedLog};
use futures::future::{BoxFuture, join_all};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Model,
    fact::LogEvent,
    feed::Feed,
    projection::Projection,
    rebuild::with_projection,
    runner::{Reached, Runner},
};

/// How many events a projection takes in at the most in one transaction.
pub const BATCH_MAX: usize = crate::runner::BATCH_MAX;

/// Applies the log as far as `until` to the tables of `models` that `pool` sees, all at the same time, at most
/// `transaction_max` events a transaction. They are read in large batches however they are applied.
pub async fn apply(
    log: &SharedLog,
    pool: &PgPool,
    models: &[Model],
    transaction_max: usize,
    until: Position,
) {
    let feed = Feed::new(log.clone());
    join_all(models.iter().map(|model| one(*model, feed.clone(), pool.clone(), transaction_max, until)))
        .await;
}

fn one(
    model: Model,
    feed: Arc<Feed>,
    pool: PgPool,
    transaction_max: usize,
    until: Position,
) -> BoxFuture<'static, ()> {
    with_projection!(model, run(feed, pool, transaction_max, until), Box::pin(async {}))
}

fn run<P: Projection>(
    feed: Arc<Feed>,
    pool: PgPool,
    transaction_max: usize,
    until: Position,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let (reached, _) = watch::channel(Reached::default());
        let mut runner = Runner::<P>::new(feed, pool, reached).transactions_of(transaction_max);
        runner.run_until(until, &CancellationToken::new()).await;
    })
}

/// Reads the log as far as `until`, and makes of each event the fact that it tells. How many are understood.
///
/// # Errors
/// When the log cannot be read.
pub async fn replay(log: &SharedLog, until: Position) -> Result<u64, LogError> {
    let (mut position, mut understood) = (Position::START, 0);
    while position < until {
        let events = log.read(position, BATCH_MAX).await?;
        let Some(last) = events.last() else { break };
        position = last.position;
        understood +=
            events.into_iter().map(LogEvent::new).filter(|event| event.fact().is_ok()).count() as u64;
    }
    Ok(understood)
}
