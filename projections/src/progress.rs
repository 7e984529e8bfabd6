//! How far the projections of this process have come.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use agrodeep_event_store::Position;
use tokio::sync::watch;

use crate::{Model, heartbeat::instance_name, runner::Reached};

/// The positions of the projections that run in this process.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    positions: Arc<BTreeMap<Model, watch::Receiver<Reached>>>,
    instance: Arc<str>,
}

impl Progress {
    pub(crate) fn new(positions: BTreeMap<Model, watch::Receiver<Reached>>) -> Self {
        Self { positions: Arc::new(positions), instance: instance_name().into() }
    }

    /// The name of these projections among those of other processes.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
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

    /// Where a read model is and what it is at; `None`: it does not run in this process.
    pub(crate) fn now(&self, model: Model) -> Option<Reached> {
        self.positions.get(&model).map(|reached| reached.borrow().clone())
    }

    pub(crate) fn receivers(&self) -> BTreeMap<Model, watch::Receiver<Reached>> {
        (*self.positions).clone()
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
