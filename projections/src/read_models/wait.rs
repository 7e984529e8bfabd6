//! Reading one's own writes: a question waits until its read models have reached a position.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use agrodeep_event_store::Position;
use sqlx::PgPool;
use tokio::sync::Mutex;

use super::ReadModels;
use crate::{Model, ReadError};

/// How often the checkpoints are read while somebody waits for projections of another process.
const POLL: Duration = Duration::from_millis(4);

/// A read model has not come as far as it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{model} is at {position} of {head}")]
pub struct Behind {
    /// Which one.
    pub model: Model,
    /// Where it is.
    pub position: Position,
    /// Where the log's end is.
    pub head: Position,
    /// How many events are missing: up to the position that was asked for where positions are dense, else up to the log's
    /// end, and `COUNTED_MAX` stands for more.
    pub events: u64,
}

/// How many missing events are counted at the most where they have to be read for that.
pub const COUNTED_MAX: u64 = 1_000;

/// The checkpoints of other processes' projections, as last read. Whoever waits reads them for all that wait.
#[derive(Default)]
pub(super) struct Checkpoints {
    last: Mutex<Option<(Instant, HashMap<String, Position>)>>,
}

impl Checkpoints {
    async fn position(&self, pool: &PgPool, model: Model) -> Result<Position, ReadError> {
        let mut last = self.last.lock().await;
        let positions = match last.take() {
            Some((at, positions)) if at.elapsed() < POLL => last.insert((at, positions)),
            _ => {
                let rows: Vec<(String, i64)> =
                    sqlx::query_as("select projection, position from checkpoints").fetch_all(pool).await?;
                let positions = rows.into_iter().map(|(name, position)| (name, Position(position))).collect();
                last.insert((Instant::now(), positions))
            }
        };
        Ok(positions.1.get(model.as_str()).copied().unwrap_or(Position::START))
    }
}

impl ReadModels {
    /// Where a read model is.
    pub async fn position(&self, model: Model) -> Result<Position, ReadError> {
        if let (Model::Search, Some(index)) = (model, self.index()) {
            return Ok(index.position());
        }
        match self.progress.position(model) {
            Some(position) => Ok(position),
            None => self.checkpoints.position(&self.pool, model).await,
        }
    }

    /// Waits until each of `models` has reached `position`, for `timeout` at the most.
    ///
    /// # Errors
    /// [`Behind`] names the first that has not. A database that cannot be reached counts as being behind.
    pub async fn wait_for(
        &self,
        models: &[Model],
        position: Position,
        timeout: Duration,
    ) -> Result<(), Behind> {
        let deadline = Instant::now() + timeout;
        for &model in models {
            if !self.reached(model, position, deadline).await {
                let now = self.position(model).await.unwrap_or(Position::START);
                // It may have arrived between the two looks.
                if now < position {
                    let head = self.log.head().await.unwrap_or(now);
                    let events = self.missing(now, position).await;
                    return Err(Behind { model, position: now, head, events });
                }
            }
        }
        Ok(())
    }

    async fn missing(&self, now: Position, asked: Position) -> u64 {
        if self.log.promises().dense_positions {
            return asked.0.saturating_sub(now.0).unsigned_abs();
        }
        self.log.count_after(now, COUNTED_MAX).await.unwrap_or_default()
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
            if self.checkpoints.position(&self.pool, model).await.is_ok_and(|now| now >= position) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
