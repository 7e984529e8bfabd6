//! Reading one's own writes: a question waits until its read models have reached a position.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use agrodeep_event_store::{Position, StreamId};
use sqlx::PgPool;
use tokio::sync::Mutex;

use super::ReadModels;
use crate::{Model, ReadError, activity::Activity};

/// How often the checkpoints are read while somebody waits for projections of another process.
const POLL: Duration = Duration::from_millis(4);
/// After what time of waiting the log is asked whether it has come so far at all.
const DOUBT: Duration = Duration::from_millis(100);

/// How far an answer must have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Up to this event.
    pub position: Position,
    /// What the answer is about, if it is about certain aggregates: what is parked of others does not matter.
    pub about: &'a [StreamId],
}

/// Why there is no answer that has come so far.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// A read model has not come as far as it was asked to.
    #[error(transparent)]
    Behind(#[from] Behind),
    /// The log itself has not come so far: the position is of another log, or invented.
    #[error("the log ends at {head}")]
    BeyondLog {
        /// Where the log's end is.
        head: Position,
    },
}

/// A read model has not come as far as it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{model} is at {position} of {head}")]
pub struct Behind {
    /// Which one.
    pub model: Model,
    /// Where it is.
    pub position: Position,
    /// Where the log's end is.
    pub head: Position,
    /// How many events are missing: up to the position that was asked for where positions are dense, else up to the log's
    /// end, and `COUNTED_MAX` stands for more. Parked: how many of those that count are parked.
    pub events: u64,
    /// Why.
    pub cause: Cause,
}

/// Why a read model is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It follows the log, but is not so far yet.
    CatchingUp,
    /// Its rows are built anew.
    Rebuilding,
    /// It cannot go on, and tries again.
    Paused,
    /// No instance works on it.
    Stopped,
    /// What was written could not be applied: a person has to decide.
    Parked,
}

impl Cause {
    /// The name, as it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CatchingUp => "catching_up",
            Self::Rebuilding => "rebuilding",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Parked => "parked",
        }
    }
}

/// How many missing events are counted at the most where they have to be read for that.
pub const COUNTED_MAX: u64 = 1_000;

/// Where a read model is, and whether anything is parked in it.
#[derive(Clone, Copy, Debug, Default)]
struct Now {
    position: Position,
    parks: bool,
}

/// The checkpoints of other processes' projections, as last read. Whoever waits reads them for all that wait.
#[derive(Default)]
pub(super) struct Checkpoints {
    last: Mutex<Option<(Instant, HashMap<String, Now>)>>,
}

impl Checkpoints {
    async fn now(&self, pool: &PgPool, model: Model) -> Result<Now, ReadError> {
        let mut last = self.last.lock().await;
        let known = match last.take() {
            Some((at, known)) if at.elapsed() < POLL => last.insert((at, known)),
            _ => {
                // One statement, so one moment: what is parked up to this position is seen as parked.
                let rows: Vec<(String, i64, bool)> = sqlx::query_as(
                    "select projection, position,
                         exists (select 1 from parked_events p where p.projection = c.projection)
                     from checkpoints c",
                )
                .fetch_all(pool)
                .await?;
                let now = |position, parks| Now { position: Position(position), parks };
                let known = rows.into_iter().map(|(name, at, parks)| (name, now(at, parks))).collect();
                last.insert((Instant::now(), known))
            }
        };
        Ok(known.1.get(model.as_str()).copied().unwrap_or_default())
    }
}

impl ReadModels {
    /// Where a read model is.
    pub async fn position(&self, model: Model) -> Result<Position, ReadError> {
        Ok(self.now(model).await?.position)
    }

    async fn now(&self, model: Model) -> Result<Now, ReadError> {
        let own = match (model, self.index()) {
            (Model::Search, Some(index)) => Some(index.now()),
            _ => self.progress.now(model),
        };
        match own {
            Some(own) => Ok(Now { position: own.position, parks: own.parked_aggregates > 0 }),
            None => self.checkpoints.now(&self.pool, model).await,
        }
    }

    /// Waits until each of `models` has come as far as it is wanted, for `timeout` at the most. Nobody waits for what is
    /// parked.
    ///
    /// # Errors
    /// [`WaitError::Behind`] names the first that has not. A database that cannot be reached counts as being behind.
    pub async fn wait_for(
        &self,
        models: &[Model],
        wanted: Wanted<'_>,
        timeout: Duration,
    ) -> Result<(), WaitError> {
        let deadline = Instant::now() + timeout;
        for &model in models {
            if !self.reached(model, wanted.position, deadline.min(Instant::now() + DOUBT)).await {
                if let Ok(head) = self.log.head().await
                    && head < wanted.position
                {
                    return Err(WaitError::BeyondLog { head });
                }
                if !self.reached(model, wanted.position, deadline).await {
                    self.behind(model, wanted.position).await?;
                }
            }
            self.expect_nothing_parked(model, wanted).await?;
        }
        Ok(())
    }

    async fn behind(&self, model: Model, asked: Position) -> Result<(), Behind> {
        let now = self.position(model).await.unwrap_or(Position::START);
        // It may have arrived between the two looks.
        if now >= asked {
            return Ok(());
        }
        let head = self.log.head().await.unwrap_or(now);
        let events = self.missing(now, asked).await;
        let cause = match self.activity(model).await {
            Some(Activity::Working | Activity::StandingBy) => Cause::CatchingUp,
            Some(Activity::Rebuilding) => Cause::Rebuilding,
            Some(Activity::Paused(_)) => Cause::Paused,
            None => Cause::Stopped,
        };
        Err(Behind { model, position: now, head, events, cause })
    }

    async fn missing(&self, now: Position, asked: Position) -> u64 {
        if self.log.promises().dense_positions {
            return asked.0.saturating_sub(now.0).unsigned_abs();
        }
        self.log.count_after(now, COUNTED_MAX).await.unwrap_or_default()
    }

    /// A read model is past the position, but what was written there, or what the answer is about, may be parked.
    async fn expect_nothing_parked(&self, model: Model, wanted: Wanted<'_>) -> Result<(), Behind> {
        let Ok(now) = self.now(model).await else { return Ok(()) };
        if !now.parks {
            return Ok(());
        }
        // Who cannot be asked cannot answer the question itself, either.
        let parked = match (model, self.index()) {
            (Model::Search, Some(index)) => index.parked_for(wanted),
            _ => self.parked_for(model, wanted).await.unwrap_or_default(),
        };
        if parked == 0 {
            return Ok(());
        }
        let head = self.log.head().await.unwrap_or(now.position);
        Err(Behind { model, position: now.position, head, events: parked, cause: Cause::Parked })
    }

    /// How many parked events an answer would lack.
    async fn parked_for(&self, model: Model, wanted: Wanted<'_>) -> Result<u64, ReadError> {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from parked_events where projection = $1 and position <= $2 and (position = $2 or
                 (aggregate_type, aggregate_id) in (select * from unnest($3::text[], $4::uuid[])))",
        )
        .bind(model.as_str())
        .bind(wanted.position.0)
        .bind(wanted.about.iter().map(|stream| stream.aggregate_type.to_string()).collect::<Vec<_>>())
        .bind(wanted.about.iter().map(StreamId::uuid).collect::<Vec<_>>())
        .fetch_one(&self.pool)
        .await?;
        Ok(crate::row::count(count))
    }

    async fn reached(&self, model: Model, position: Position, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        if let (Model::Search, Some(index)) = (model, self.index()) {
            return index.reached(position, left).await;
        }
        if self.progress.position(model).is_some() {
            return self.progress.reached(model, position, left).await;
        }
        loop {
            if self.checkpoints.now(&self.pool, model).await.is_ok_and(|now| now.position >= position) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
