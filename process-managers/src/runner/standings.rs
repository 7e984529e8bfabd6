//! Shows operators how many fulfilments stand where.

use std::{collections::HashSet, time::Duration};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// How often it is counted.
const INTERVAL: Duration = Duration::from_secs(5);

/// Counts every now and then, until stopped.
pub(super) async fn show(pool: PgPool, stop: CancellationToken) {
    let mut shown = HashSet::new();
    loop {
        match count(&pool).await {
            Ok((standing, parked)) => {
                let now: HashSet<String> = standing.iter().map(|(place, _)| place.clone()).collect();
                for gone in shown.difference(&now) {
                    metrics::standing(gone, 0);
                }
                for (place, count) in &standing {
                    metrics::standing(place, *count);
                }
                metrics::parked(parked);
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

async fn count(pool: &PgPool) -> Result<(Vec<(String, i64)>, i64), sqlx::Error> {
    let standing = sqlx::query_as("select stands_at, count(*) from order_fulfilments group by stands_at")
        .fetch_all(pool)
        .await?;
    let (parked,) =
        sqlx::query_as("select count(*) from order_fulfilments where parked <> '{}'").fetch_one(pool).await?;
    Ok((standing, parked))
}
