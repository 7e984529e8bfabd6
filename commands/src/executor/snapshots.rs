//! Loading streams by the shortest way, and keeping states of long ones.
//!
//! Never in the way of a command: what is kept is in the log already, is written by a task of its own, and when that task has
//! enough to do, not at all.

use std::num::NonZeroU32;

use agrodeep_domain::Aggregate;
use agrodeep_event_store::{LogError, SharedLog, Snapshot, SnapshotDamage, StreamId};
use tokio::sync::mpsc;

use super::known::Known;

/// No larger state is kept, in bytes: writing it would cost more than reading the stream.
const STATE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How many states wait to be written; each is a copy in memory.
const WAITING_MAX: usize = 4;

/// A state that waits to be written.
struct Waiting<A> {
    stream: StreamId,
    known: Known<A>,
}

/// Keeps states of the streams of one type.
pub(super) struct Snapshots<A> {
    every_events: Option<NonZeroU32>,
    waiting: mpsc::Sender<Waiting<A>>,
}

impl<A: Aggregate> Snapshots<A> {
    /// Of the streams in `log`, one about every so many events; `None`: none are kept.
    pub fn start(log: SharedLog, every_events: Option<NonZeroU32>) -> Self {
        let every_events = every_events.filter(|_| log.snapshots().is_some());
        let (waiting, mut states) = mpsc::channel(WAITING_MAX);
        if every_events.is_some() {
            tokio::spawn(async move {
                while let Some(state) = states.recv().await {
                    keep(&log, state).await;
                }
            });
        }
        Self { every_events, waiting }
    }

    /// Hands the state over to be kept, if enough has happened since the last time. `known` must be in the log.
    pub fn consider(&self, stream: impl FnOnce() -> StreamId, known: &mut Known<A>) {
        let Some(every) = self.every_events else { return };
        if known.now.version - known.kept_version < u64::from(every.get()) {
            return;
        }
        // No room: some later version will find it.
        let Ok(place) = self.waiting.try_reserve() else { return };
        known.kept_version = known.now.version;
        place.send(Waiting { stream: stream(), known: known.clone() });
    }
}

async fn keep<A: Aggregate>(log: &SharedLog, Waiting { stream, known }: Waiting<A>) {
    let Some(snapshots) = log.snapshots() else { return };
    let state = match serde_json::value::to_raw_value(&known.now.state) {
        Ok(state) => state,
        Err(error) => {
            tracing::error!(%stream, %error, "a state cannot be written as JSON");
            return;
        }
    };
    let version = known.now.version;
    if state.get().len() > STATE_BYTES_MAX {
        tracing::debug!(%stream, version, bytes = state.get().len(), "a state is too large to be kept");
        return;
    }
    let snapshot = Snapshot::new(stream, A::STATE_FORM, version, known.last_command_id, state);
    match snapshots.keep(snapshot).await {
        Ok(()) => metrics::counter!("snapshots_kept_total", "aggregate" => A::TYPE).increment(1),
        Err(error) => tracing::warn!(aggregate = A::TYPE, version, %error, "a state could not be kept"),
    }
}

/// What the log has of `stream`: by a state that was kept and what came after it, or from the beginning.
pub(super) async fn load<A: Aggregate>(log: &SharedLog, stream: &StreamId) -> Result<Known<A>, LogError> {
    let mut known = Known::default();
    let Some(snapshots) = log.snapshots() else {
        known.take_in(&log.load(stream, 0).await?)?;
        return Ok(known);
    };
    let resumed = snapshots.resume(stream, A::STATE_FORM).await?;
    if let Some((snapshot, event)) = &resumed.begin {
        match snapshot.read::<A>() {
            Ok(state) => known.begin_with(state, event),
            Err(damage) => {
                drop_damaged::<A>(log, snapshot, &damage).await;
                known.take_in(&log.load(stream, 0).await?)?;
                return Ok(known);
            }
        }
    }
    known.take_in(&resumed.events)?;
    Ok(known)
}

async fn drop_damaged<A: Aggregate>(log: &SharedLog, snapshot: &Snapshot, damage: &SnapshotDamage) {
    let (stream, version) = (&snapshot.stream, snapshot.version);
    tracing::warn!(%stream, version, %damage, "a state that was kept is damaged; the stream is read from its beginning");
    metrics::counter!("snapshots_damaged_total", "aggregate" => A::TYPE).increment(1);
    if let Some(snapshots) = log.snapshots()
        && let Err(error) = snapshots.forget(snapshot).await
    {
        tracing::warn!(%stream, version, %error, "a damaged state could not be removed");
    }
}
