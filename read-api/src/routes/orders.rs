//! `/v1/orders`.

pub mod diff;
pub mod get;
pub mod history;
pub mod list;

use agrodeep_domain::OrderId;
use agrodeep_event_store::{Position, RecordedEvent};
use agrodeep_http::Problem;
use agrodeep_projections::ReadModels;

use crate::reading::unanswered;

/// How many events of an order's history are read at once.
const BATCH: usize = 500;

/// All events that concern an order, in the order of the log.
async fn whole_history(models: &ReadModels, order_id: OrderId) -> Result<Vec<RecordedEvent>, Problem> {
    let mut history: Vec<RecordedEvent> = Vec::new();
    loop {
        let after = history.last().map_or(Position::START, |event| event.position);
        let batch = models.order_history(order_id, after, BATCH).await.map_err(unanswered)?;
        let end = batch.len() < BATCH;
        history.extend(batch.into_iter().map(|entry| entry.event));
        if end {
            return Ok(history);
        }
    }
}
