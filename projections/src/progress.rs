//! How far the projections of this process have come.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use agrodeep_event_store::Position;
use tokio::sync::watch;

use crate::Model;

/// The positions of the projections that run in this process.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    positions: Arc<BTreeMap<Model, watch::Receiver<Position>>>,
}

impl Progress {
    #[allow(dead_code)]
    pub(crate) fn new(positions: BTreeMap<Model, watch::Receiver<Position>>) -> Self {
        Self { positions: Arc::new(positions) }
    }

    /// Where a read model is; `None`: it does not run in this process.
    pub fn position(&self, model: Model) -> Option<Position> {
        self.positions.get(&model).map(|position| *position.borrow())
    }

    /// Waits until a read model that runs in this process has reached `position`.
    pub(crate) async fn reached(&self, model: Model, position: Position, timeout: Duration) -> bool {
        let Some(receiver) = self.positions.get(&model) else { return false };
        let mut receiver = receiver.clone();
        let wait = receiver.wait_for(|now| *now >= position);
        matches!(tokio::time::timeout(timeout, wait).await, Ok(Ok(_)))
    }
}
