//! The way from a route to the read models. There is no other: so no route forgets to wait for what its client has written.

use std::time::Duration;

use agrodeep_event_store::Position;
use agrodeep_http::{MinPosition, Problem};
use agrodeep_projections::{Behind, Model, ReadError, ReadModels};

/// Hands out the read models once they have come as far as a client wants.
#[derive(Clone)]
pub struct Reading {
    models: ReadModels,
    wait: Duration,
}

impl Reading {
    /// Waits `wait` at the most.
    pub fn new(models: ReadModels, wait: Duration) -> Self {
        Self { models, wait }
    }

    /// The read models, when each of `used` has reached `min`. `used` are those that the answer is made from.
    ///
    /// # Errors
    /// 503 `read_model_behind` with the one that is behind and by how much.
    pub async fn at(&self, min: MinPosition, used: &[Model]) -> Result<&ReadModels, Problem> {
        if let Some(position) = min.0 {
            let asked = Position(position);
            self.models.wait_for(used, asked, self.wait).await.map_err(|behind| is_behind(&behind))?;
        }
        Ok(&self.models)
    }
}

fn is_behind(behind: &Behind) -> Problem {
    let model = behind.model.as_str();
    let lag = behind.events;
    tracing::warn!(model, lag, position = behind.position.0, head = behind.head.0, "a read model is behind");
    let detail = format!("{model} is {lag} events behind the position that was asked for; try again");
    Problem::unavailable("read_model_behind", detail, 1).with("model", model).with("behind_events", lag)
}

/// What a client hears when a question could not be answered; the cause goes to our log, once, here.
pub fn unanswered(error: ReadError) -> Problem {
    match error {
        ReadError::Unavailable(cause) => {
            tracing::error!(cause, "a query could not be answered");
            Problem::unavailable("read_models_unavailable", "the read models cannot be reached; try again", 1)
        }
        ReadError::Damaged(cause) => {
            tracing::error!(cause, "a read model is damaged");
            Problem::internal()
        }
    }
}
