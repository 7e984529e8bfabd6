//! Filling the new tables: one runner a part of the log, all of them at the same time.

use std::sync::Arc;

use agrodeep_event_store::{Position, SharedLog};
use sqlx::PgPool;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{RebuildError, Shard};
use crate::{
    ReadError,
    feed::Feed,
    projection::Projection,
    runner::{Ended, Reached, Runner},
};

/// The runners of all parts.
pub(super) struct Build<P> {
    runners: Vec<Runner<P>>,
}

impl<P: Projection> Build<P> {
    pub fn new(log: &SharedLog, building: &PgPool, shards: u32) -> Self {
        let feed = Feed::new(log.clone());
        let runner = |shard| {
            let (reached, _) = watch::channel(Reached::default());
            Runner::new(Arc::clone(&feed), building.clone(), reached).rebuilding(shard)
        };
        Self { runners: Shard::all(shards).map(runner).collect() }
    }

    /// Brings all parts to `until`, or as far as they come until told to stop.
    pub async fn run_until(
        &mut self,
        until: Position,
        stop: &CancellationToken,
    ) -> Result<Ended, RebuildError> {
        // Who must park ends all.
        let together = stop.child_token();
        let mut tasks = JoinSet::new();
        for mut runner in self.runners.drain(..) {
            let stop = together.clone();
            tasks.spawn(async move {
                let ended = runner.run_until(until, &stop).await;
                (runner, ended)
            });
        }
        let mut outcome = Ended::Done;
        while let Some(done) = tasks.join_next().await {
            let (runner, ended) = done.map_err(|error| ReadError::Unavailable(error.to_string()))?;
            self.runners.push(runner);
            if ended == Ended::MustPark {
                outcome = Ended::MustPark;
                together.cancel();
            }
        }
        Ok(outcome)
    }
}
