//! What whoever runs projections does about rebuilds: goes on with those that nobody works on, and drops what was replaced.

use std::time::Duration;

use chrono::Utc;
use sqlx::Connection;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    Finished, RebuildError, Rebuilds,
    generation::{building_generations, building_schema, drop_schema, retired_schema},
    rows::{self, BUILDING, DISCARDED, DONE, SWITCHED},
};
use crate::Model;

/// How often it is looked what there is to do.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long after a failure it is tried again.
const PAUSE: Duration = Duration::from_secs(5);
/// How many of the latest rebuilds may have left something behind.
const RECENT: i64 = 50;

impl Rebuilds {
    /// Tends all rebuilds until told to stop; what is at work then goes on another time.
    pub(crate) async fn tend(self, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for model in Model::ALL.into_iter().filter(|model| *model != Model::Search) {
            tasks.spawn(tend_one(self.clone(), model, stop.clone()));
        }
        tasks.spawn(sweep(self, stop));
        while tasks.join_next().await.is_some() {}
    }

    /// Drops what was replaced some time ago, and what is left of rebuilds that were given up.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn sweep(&self) -> Result<(), RebuildError> {
        let left: Vec<i64> = building_generations(&self.pool).await?;
        let mut connection = self.pool.acquire().await?;
        for row in rows::recent(&mut *connection, RECENT).await? {
            let due = row.drop_after.is_some_and(|at| at <= Utc::now());
            if row.state == SWITCHED && due {
                let mut transaction = connection.begin().await?;
                drop_schema(&mut transaction, &retired_schema(row.generation)).await?;
                rows::turn(&mut *transaction, row.generation, SWITCHED, DONE).await?;
                transaction.commit().await?;
                tracing::info!(
                    projection = row.projection,
                    generation = row.generation,
                    "dropped what was replaced"
                );
            } else if row.state == DISCARDED && left.contains(&row.generation) {
                drop_schema(&mut connection, &building_schema(row.generation)).await?;
            }
        }
        Ok(())
    }
}

async fn tend_one(rebuilds: Rebuilds, model: Model, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let wanted = rows::in_the_making(&rebuilds.pool, model).await;
        let worked = match wanted {
            Ok(Some(row)) if row.state == BUILDING => rebuilds.work_on(model, &stop).await,
            Ok(_) => Ok(Finished::Nothing),
            Err(error) => Err(error.into()),
        };
        let wait = match worked {
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(projection = %model, %error, "a rebuild pauses");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn sweep(rebuilds: Rebuilds, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = rebuilds.sweep().await {
            tracing::warn!(%error, "what was replaced cannot be dropped yet");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
