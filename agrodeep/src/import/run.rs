//! All of it, many at a time, until it is done or asked to stop.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{
    basket::{self, Delivered},
    market::{Market, Supply},
    plan::{Plan, PlannedBasket},
    progress::Progress,
    summary::{Summary, Sums},
};

/// How many products are put on offer, or looked at, at the same time.
const PRODUCTS_AT_ONCE: usize = 256;
/// How many baskets are on their way at the same time: commands that wait together are committed together.
const BASKETS_AT_ONCE: usize = 64;
/// How long the baskets that are on their way may take to arrive once the import is asked to stop.
const ARRIVAL: Duration = Duration::from_secs(10);
/// The pauses after which a basket is tried again. None of its commands is done twice.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// The import was asked to stop before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped at {done} of {total} baskets: start it again to go on from there")]
pub struct Stopped {
    /// How many baskets have been imported.
    pub done: usize,
    /// How many there are.
    pub total: usize,
}

/// Imports what is planned.
///
/// # Errors
/// [`Stopped`], when `stop` is cancelled; otherwise what went wrong. Either way nothing is lost: run it again.
pub async fn run(
    market: &Market,
    plan: &Arc<Plan>,
    began: Instant,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Summary> {
    let stopped = |done| Stopped { done, total: plan.baskets.len() };
    market.open_accounts(plan).await?;

    progress.next("products", plan.products.len());
    let mut supplies = Vec::with_capacity(plan.products.len());
    let mut offering = std::pin::pin!(
        stream::iter(plan.products.values())
            .map(async |product| {
                let offered = market.offer(plan, product).await;
                offered.with_context(|| format!("product {} cannot be offered", product.source.product_id))
            })
            .take_until(stop.cancelled())
            .buffered(PRODUCTS_AT_ONCE)
    );
    while let Some(supply) = offering.try_next().await? {
        supplies.push(supply);
        progress.one_more(market.events());
    }
    if supplies.len() < plan.products.len() {
        return Err(stopped(0).into());
    }

    progress.next("baskets", plan.baskets.len());
    let may_be_there = supplies.iter().any(|supply| *supply != Supply::New);
    let sums = baskets(market, plan, may_be_there, progress, stop).await?;

    progress.next("products sold out", plan.products.len());
    let sold_out = plan.products.values().zip(supplies).filter(|(_, supply)| *supply != Supply::More);
    stream::iter(sold_out)
        .map(async |(product, _)| market.expect_sold_out(product).await)
        .buffer_unordered(PRODUCTS_AT_ONCE)
        .try_for_each(async |()| {
            progress.one_more(market.events());
            Ok(())
        })
        .await?;
    sums.summary(plan.products.len(), market.events(), began.elapsed())
}

async fn baskets(
    market: &Market,
    plan: &Arc<Plan>,
    may_be_there: bool,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Sums> {
    let total = plan.baskets.len();
    let mut sums = Sums::default();
    let mut done = 0;
    let arriving = stream::iter(0..total)
        .map(|index| {
            let (market, plan) = (market.clone(), plan.clone());
            // A task of its own, so that all cores have a part in it.
            let task = tokio::spawn(async move {
                let basket = &plan.baskets[index];
                let imported = patiently(|| basket::import(&market, basket, may_be_there)).await;
                imported.with_context(|| in_words(basket))
            });
            async move { task.await? }
        })
        .take_until(stop.cancelled())
        .buffer_unordered(BASKETS_AT_ONCE);
    let mut arriving = std::pin::pin!(arriving);
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(ARRIVAL).await;
    };
    let mut patience = std::pin::pin!(patience);
    loop {
        let arrived: Option<Result<Delivered>> = tokio::select! {
            arrived = arriving.next() => arrived,
            () = &mut patience => None,
        };
        let Some(delivered) = arrived else { break };
        sums.add(&delivered?)?;
        done += 1;
        progress.one_more(market.events());
    }
    if done < total {
        return Err(Stopped { done, total }.into());
    }
    Ok(sums)
}

fn in_words(basket: &PlannedBasket) -> String {
    format!("basket {} of household {}", basket.basket_id, basket.household_id)
}

/// Tries again when something did not work, a few times.
async fn patiently<T, F: Future<Output = Result<T>>>(attempt: impl Fn() -> F) -> Result<T> {
    for pause in PAUSES {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => tracing::debug!(error = format!("{error:#}"), "a basket is tried again"),
        }
        tokio::time::sleep(pause).await;
    }
    attempt().await
}
