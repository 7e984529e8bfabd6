//! Shows operators how many fulfilments stand where.

use std::{collections::HashSet, sync::Arc, time::Duration};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::pauses::Pauses;
use crate::{metrics, order_fulfilment::StepName};

/// How often it is counted.
const INTERVAL: Duration = Duration::from_secs(5);
/// A deadline that has passed for so long has not been acted on.
const OVERDUE_AFTER: Duration = Duration::from_secs(60);

/// Counts every now and then, until stopped.
pub(super) async fn show(pool: PgPool, pauses: Arc<Pauses>, stop: CancellationToken) {
    let mut shown = HashSet::new();
    loop {
        match count(&pool).await {
            Ok(Counted { standing, parked, paused, overdue, held_back }) => {
                let now: HashSet<String> = standing.iter().map(|(place, _)| place.clone()).collect();
                for gone in shown.difference(&now) {
                    metrics::standing(gone, 0);
                }
                for (place, count) in &standing {
                    metrics::standing(place, *count);
                }
                metrics::parked(parked);
                metrics::paused(paused);
                metrics::overdue(overdue);
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
    overdue: i64,
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
    // What a person has paused is late on purpose.
    let (overdue,) = sqlx::query_as(
        "select count(*) from order_fulfilment_deadlines d
         where due_at < now() - $1::float8 * interval '1 second'
           and not exists (select 1 from order_fulfilments f where f.order_id = d.order_id and f.paused)
           and not exists (select 1 from order_fulfilments_held_back h where h.order_id = d.order_id)",
    )
    .bind(OVERDUE_AFTER.as_secs_f64())
    .fetch_one(pool)
    .await?;
    let held_back = sqlx::query_as("select step, count(*) from order_fulfilments_held_back group by step")
        .fetch_all(pool)
        .await?;
    Ok(Counted { standing, parked, paused, overdue, held_back })
}
