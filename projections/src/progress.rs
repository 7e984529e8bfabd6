//! How far the projections of this process have come.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use agrodeep_event_store::{Position, SharedLog};
use chrono::Utc;
use tokio::sync::watch;

use crate::{Model, runner::Reached};

/// The positions of the projections that run in this process.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    positions: Arc<BTreeMap<Model, watch::Receiver<Reached>>>,
}

impl Progress {
    pub(crate) fn new(positions: BTreeMap<Model, watch::Receiver<Reached>>) -> Self {
        Self { positions: Arc::new(positions) }
    }

    /// Where a read model is; `None`: it does not run in this process.
    pub fn position(&self, model: Model) -> Option<Position> {
        self.positions.get(&model).map(|reached| reached.borrow().position)
    }

    /// Waits until a read model that runs in this process has reached `position`.
    pub(crate) async fn reached(&self, model: Model, position: Position, timeout: Duration) -> bool {
        let Some(receiver) = self.positions.get(&model) else { return false };
        reached(receiver, position, timeout).await
    }

    /// Says by metrics how far each read model is behind the log's end.
    pub(crate) async fn report_lag(&self, log: &SharedLog) {
        for (model, receiver) in self.positions.iter() {
            let reached = *receiver.borrow();
            report_lag(*model, reached, log).await;
        }
    }
}

/// Waits until `receiver` has reached `position`.
pub(crate) async fn reached(
    receiver: &watch::Receiver<Reached>,
    position: Position,
    timeout: Duration,
) -> bool {
    let mut receiver = receiver.clone();
    let wait = receiver.wait_for(|now| now.position >= position);
    matches!(tokio::time::timeout(timeout, wait).await, Ok(Ok(_)))
}

/// How many missing events are counted at the most where they have to be read for that.
const COUNTED_MAX: u64 = 1_000;

/// `projection_lag_events`: how many events are yet to come in; where positions have holes, [`COUNTED_MAX`] stands for more.
/// `projection_lag_seconds`: how long ago the log took the last one that is in, when some are missing.
pub(crate) async fn report_lag(model: Model, reached: Reached, log: &SharedLog) {
    let counted_max = if log.promises().dense_positions { u64::MAX } else { COUNTED_MAX };
    let Ok(events) = log.count_after(reached.position, counted_max).await else { return };
    let seconds = match reached.recorded_at {
        Some(at) if events > 0 => (Utc::now() - at).as_seconds_f64().max(0.0),
        _ => 0.0,
    };
    metrics::gauge!("projection_lag_events", "projection" => model.as_str()).set(events as f64);
    metrics::gauge!("projection_lag_seconds", "projection" => model.as_str()).set(seconds);
}
