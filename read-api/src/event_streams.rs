//! The log for those who read all of it: which events, in which form, and as fast as their reader takes them.
//!
//! Nothing here knows a route: the routes under `routes/events.rs` and `routes/streams` use it, and so does whoever writes a
//! replay elsewhere than over HTTP.

pub mod accept;
pub mod cloud_events;
pub mod ndjson;
pub mod page;
pub mod parameters;
pub mod parquet;
pub(crate) mod sse;
pub mod view;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use agrodeep_domain::Role;
use agrodeep_event_store::{LogError, Position, Replay, Selection, SharedLog};
use agrodeep_http::{FieldError, MinPosition, Problem, Roles, SignedIn, query};
use agrodeep_schemas::{CatalogueEntry, Masking};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::view::Viewer;

/// About as many bytes as are read of the log at once. A stream holds three times that at the most.
pub const PART_BYTES: usize = 1024 * 1024;

/// Who may replay the log. What is personal is hidden from analysts.
#[derive(Clone, Copy, Debug)]
pub struct StreamReaders;

impl Roles for StreamReaders {
    const ROLES: &'static [Role] = &[Role::Analyst, Role::Auditor, Role::Admin];
}

/// How streams behave.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// Every event that there can be: what may be asked for, and what of it is personal.
    pub catalogue: Vec<CatalogueEntry>,
    /// How many are replayed at once; more are refused for a while. Each takes a few megabytes, however long it is.
    pub open_max: usize,
    /// How often a live stream says that it is still there.
    pub heartbeat: Duration,
    /// Streams end when this is cancelled.
    pub stop: CancellationToken,
}

impl StreamSettings {
    /// The usual ones, until `stop`.
    pub fn new(catalogue: Vec<CatalogueEntry>, stop: CancellationToken) -> Self {
        Self { catalogue, open_max: 64, heartbeat: Duration::from_secs(15), stop }
    }
}

/// Hands out replays of the log.
#[derive(Clone)]
pub struct EventStreams(Arc<Inner>);

struct Inner {
    log: SharedLog,
    masking: Arc<Masking>,
    aggregate_types: BTreeSet<String>,
    event_types: BTreeSet<String>,
    heartbeat: Duration,
    stop: CancellationToken,
    slots: Arc<Semaphore>,
}

/// A stream that is being read: counted, and one of those that there may be, as long as it lives.
pub(crate) struct Open {
    _slot: OwnedSemaphorePermit,
    form: &'static str,
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("event_streams_open", "form" => self.form).decrement(1.0);
    }
}

impl EventStreams {
    /// Replays of `log`.
    pub fn new(log: SharedLog, settings: StreamSettings) -> Self {
        // Without `..`: a setting that is not used does not compile.
        let StreamSettings { catalogue, open_max, heartbeat, stop } = settings;
        let names = |name: fn(&CatalogueEntry) -> &String| catalogue.iter().map(name).cloned().collect();
        Self(Arc::new(Inner {
            log,
            aggregate_types: names(|entry| &entry.aggregate_type),
            event_types: names(|entry| &entry.event_name),
            masking: Arc::new(Masking::of(catalogue)),
            heartbeat,
            stop,
            slots: Arc::new(Semaphore::new(open_max)),
        }))
    }

    /// The log, when it has come as far as a client wants. It is always as far as it can be: there is nothing to wait for.
    ///
    /// # Errors
    /// 400 for a position that the log has not.
    pub(crate) async fn at(&self, min: MinPosition) -> Result<&SharedLog, Problem> {
        let log = &self.0.log;
        if let Some(position) = min.position
            && log.head().await.map_err(unreadable)? < Position(position)
        {
            let detail = "is beyond the log's end: it did not come from here in Agrodeep-Position";
            return Err(Problem::bad_request("invalid_header", format!("Agrodeep-Min-Position {detail}"))
                .with_errors(vec![FieldError::header("Agrodeep-Min-Position", detail)]));
        }
        Ok(log)
    }

    pub(crate) fn viewer(&self, user: &SignedIn) -> Viewer {
        match user.role {
            Role::Analyst => Viewer::masked(self.0.masking.clone()),
            _ => Viewer::unmasked(),
        }
    }

    pub(crate) fn log(&self) -> SharedLog {
        self.0.log.clone()
    }

    pub(crate) fn heartbeat(&self) -> Duration {
        self.0.heartbeat
    }

    pub(crate) fn stop(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    pub(crate) fn aggregate_types(&self) -> &BTreeSet<String> {
        &self.0.aggregate_types
    }

    pub(crate) fn event_types(&self) -> &BTreeSet<String> {
        &self.0.event_types
    }

    /// A place among the streams that may be open.
    ///
    /// # Errors
    /// 503 `too_many_streams`.
    pub(crate) fn open(&self, form: &'static str) -> Result<Open, Problem> {
        let Ok(slot) = self.0.slots.clone().try_acquire_owned() else {
            let detail = "as many event streams are open as there may be; try again, or end one";
            return Err(Problem::unavailable("too_many_streams", detail, 5));
        };
        metrics::gauge!("event_streams_open", "form" => form).increment(1.0);
        Ok(Open { _slot: slot, form })
    }

    /// The replay of `selection`.
    ///
    /// # Errors
    /// 400 for a position that the log never gave; 503 when it cannot be read.
    pub(crate) async fn replay(&self, selection: Selection) -> Result<Replay, Problem> {
        let after = selection.after;
        Replay::begin(self.0.log.clone(), selection, PART_BYTES).await.map_err(|error| match error {
            LogError::Invalid(_) => query::invalid("after", format!("the log has no position {after}")),
            error => unreadable(error),
        })
    }
}

/// What a client hears when the log could not be read; the cause goes to our log, once, here.
pub(crate) fn unreadable(error: LogError) -> Problem {
    match error {
        LogError::Unavailable(cause) | LogError::Unknown(cause) => {
            tracing::error!(cause, "the log cannot be read");
            Problem::unavailable("log_unavailable", "the log cannot be reached; try again", 1)
        }
        LogError::Invalid(cause) | LogError::Corrupt(cause) => {
            tracing::error!(cause, "the log cannot be read");
            Problem::internal()
        }
    }
}
