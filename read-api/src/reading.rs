//! The way from a route to the read models. There is no other: so no route forgets to wait for what its client has written.

use std::time::Duration;

use agrodeep_domain::{
    Account, AccountId, Aggregate, Delivery, DeliveryId, Order, OrderId, Product, ProductId,
};
use agrodeep_event_store::{Position, StreamId};
use agrodeep_http::{FieldError, MinPosition, Problem};
use agrodeep_projections::{Behind, Cause, Model, ReadError, ReadModels, WaitError, Wanted};

/// Hands out the read models once they have come as far as a client wants.
#[derive(Clone)]
pub struct Reading {
    models: ReadModels,
    wait: Duration,
}

impl Reading {
    /// Waits `wait` at the most, unless the client says how long.
    pub fn new(models: ReadModels, wait: Duration) -> Self {
        Self { models, wait }
    }

    /// The read models, when each of `used` has come as far as is wanted. `used` are those that the answer is made from.
    ///
    /// # Errors
    /// 503 `read_model_behind` with the one that is behind, by how much, and why; 400 for a position that the log has not.
    pub async fn at(&self, min: MinPosition, used: &[Model]) -> Result<&ReadModels, Problem> {
        self.about(min, used, &[]).await
    }

    /// The same for an answer about certain aggregates: of what is parked only theirs stands in the way.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub async fn about(
        &self,
        min: MinPosition,
        used: &[Model],
        about: &[StreamId],
    ) -> Result<&ReadModels, Problem> {
        if let Some(position) = min.position {
            let wanted = Wanted { position: Position(position), about };
            let wait = min.wait.unwrap_or(self.wait);
            self.models.wait_for(used, wanted, wait).await.map_err(|error| not_there(&error))?;
        }
        Ok(&self.models)
    }

    /// The read models as they are, for questions about themselves.
    pub fn now(&self) -> &ReadModels {
        &self.models
    }
}

/// The stream of an account.
pub fn account(id: AccountId) -> StreamId {
    StreamId::new(Account::TYPE, id.uuid())
}

/// The stream of a product.
pub fn product(id: ProductId) -> StreamId {
    StreamId::new(Product::TYPE, id.uuid())
}

/// The stream of an order.
pub fn order(id: OrderId) -> StreamId {
    StreamId::new(Order::TYPE, id.uuid())
}

/// The stream of a delivery.
pub fn delivery(id: DeliveryId) -> StreamId {
    StreamId::new(Delivery::TYPE, id.uuid())
}

fn not_there(error: &WaitError) -> Problem {
    match error {
        WaitError::Behind(behind) => is_behind(behind),
        WaitError::BeyondLog { .. } => {
            let detail = "is beyond the log's end: it did not come from here in Agrodeep-Position";
            Problem::bad_request("invalid_header", format!("Agrodeep-Min-Position {detail}"))
                .with_errors(vec![FieldError::header("Agrodeep-Min-Position", detail)])
        }
    }
}

fn is_behind(behind: &Behind) -> Problem {
    let (model, events) = (behind.model.as_str(), behind.events);
    let (position, head) = (behind.position.0, behind.head.0);
    tracing::warn!(model, events, position, head, cause = behind.cause.as_str(), "a read model is behind");
    let (why, retry_after) = match behind.cause {
        Cause::CatchingUp => ("it is catching up; try again", 1),
        Cause::Rebuilding => ("it is being built anew; try again later", 5),
        Cause::Paused => ("it cannot go on at the moment; try again later", 5),
        Cause::Stopped => ("nothing works on it at the moment; try again later", 5),
        Cause::Parked => ("what was written could not be applied yet; somebody has to see to it", 60),
    };
    let detail = match behind.cause {
        Cause::Parked => format!("in {model} {events} events are parked that the answer would lack: {why}"),
        _ => format!("{model} is {events} events behind the position that was asked for: {why}"),
    };
    Problem::unavailable("read_model_behind", detail, retry_after)
        .with("model", model)
        .with("behind_events", events)
        .with("cause", behind.cause.as_str())
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
