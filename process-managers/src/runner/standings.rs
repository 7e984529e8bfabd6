//! Shows operators how many fulfilments stand where.

use std::{collections::HashSet, sync::Arc, time::Duration};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::pauses::Pauses;
use crate::{metrics, order_fulfilment::StepName};

/// How often it is counted.
const INTERVAL: Duration = Duration::from_secs(5);

/// Counts every now and then, until stopped.
pub(super) async fn show(pool: PgPool, pauses: Arc<Pauses>, stop: CancellationToken) {
    let mut shown = HashSet::new();
    loop {
        match count(&pool).await {
            Ok(Counted { standing, parked, paused, held_back }) => {
                let now: HashSet<String> = standing.iter().map(|(place, _)| place.clone()).collect();
                for gone in shown.difference(&now) {
                    metrics::standing(gone, 0);
                }
                for (place, count) in &standing {
                    metrics::standing(place, *count);
                }
                metrics::parked(parked);
                metrics::paused(paused);
                let paused = pauses.steps();
                for step in StepName::all() {
                    let waiting = held_back.iter().find(|(name, _)| name == step.as_str());
                    metrics::step(step, paused.contains(&step), waiting.map_or(0, |(_, count)| *count));
                }
                shown = now;
            }
            Err(error) => tracing::debug!(%error, "fulfilments cannot be counted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// How many there are of each.
struct Counted {
    standing: Vec<(String, i64)>,
    parked: i64,
    paused: i64,
    held_back: Vec<(String, i64)>,
}

async fn count(pool: &PgPool) -> Result<Counted, sqlx::Error> {
    let standing = sqlx::query_as("select stands_at, count(*) from order_fulfilments group by stands_at")
        .fetch_all(pool)
        .await?;
    let (parked, paused) = sqlx::query_as(
        "select count(*) filter (where parked <> '{}'), count(*) filter (where paused) from order_fulfilments",
    )
    .fetch_one(pool)
    .await?;
    let held_back = sqlx::query_as("select step, count(*) from order_fulfilments_held_back group by step")
        .fetch_all(pool)
        .await?;
    Ok(Counted { standing, parked, paused, held_back })
}
