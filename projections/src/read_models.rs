//! The read models as those who ask see them.

mod wait;

use std::sync::Arc;

use agrodeep_event_store::SharedLog;
use sqlx::PgPool;

use self::wait::Checkpoints;
pub use self::wait::{Behind, COUNTED_MAX, Cause, WaitError, Wanted};
use crate::{Progress, search::ProductIndex};

/// Everything that can be asked of the read side. Cheap to clone.
///
/// The questions stand beside the read models that answer them: `accounts/query.rs`, `orders/query.rs` and so on.
#[derive(Clone)]
pub struct ReadModels {
    pool: PgPool,
    log: SharedLog,
    progress: Progress,
    index: Option<ProductIndex>,
    checkpoints: Arc<Checkpoints>,
}

impl ReadModels {
    /// Answers from the read models that `pool` sees; `log` is asked only for its head.
    pub fn new(log: SharedLog, pool: PgPool) -> Self {
        Self { pool, log, progress: Progress::default(), index: None, checkpoints: Arc::default() }
    }

    /// The projections run in this process: waiting needs no asking.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Searches are answered from this index.
    #[must_use]
    pub fn with_index(mut self, index: ProductIndex) -> Self {
        self.index = Some(index);
        self
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn log(&self) -> &SharedLog {
        &self.log
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn index(&self) -> Option<&ProductIndex> {
        self.index.as_ref()
    }
}
