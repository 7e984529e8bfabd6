//! Copying a log into another one, event for event, through the port: from any store to any other.
//!
//! A copy needs no notes of its own: the target's content tells where to go on. It is compared with the source event by
//! event from the first, and where it ends the copying begins. What was under way when an earlier copy was ended is
//! recognised by its command ids and not doubled.

mod commands;
mod error;
mod postgres_es;
mod source;

use std::collections::VecDeque;

use tokio::task::JoinHandle;

use self::{
    commands::{Commands, append_of},
    error::{difference, named},
};
pub use self::{
    error::CopyError,
    postgres_es::{EventOrder, PostgresEsOptions, PostgresEsSource},
    source::{LogSource, Source},
};
use crate::{
    Append, AppendOutcome, LogError, Position, RecordedEvent, SharedLog,
    integrity::{HashChain, LogHash},
    scan::Scan,
};

/// About how many events go to the target at once, and about how many bytes at the most.
const BATCH_EVENTS: usize = 2000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyPhase {
    /// What the target holds already is compared with the source.
    Comparing,
    /// Events are appended to the target.
    Copying,
    /// What was appended is read back and hashed.
    Verifying,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being done.
    pub phase: CopyPhase,
    /// How many of the log's events that has been done for.
    pub events: u64,
}

/// A copy that was made, and found to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many events both logs have now.
    pub events: u64,
    /// How many of them the target had before.
    pub already_there: u64,
    /// What both hash to, as read from each.
    pub hash: LogHash,
    /// The target's head.
    pub target_head: Position,
}

/// Copies all events of `source` into `target`, in their order, and compares what both hash to.
///
/// Events keep stream, version, id, command, name, payload (byte for byte) and metadata; events of one command are
/// appended together. Positions are the target's own, dense or not. So is `recorded_at`: the source's is kept in the
/// metadata under [`ORIGINALLY_RECORDED_AT`](crate::integrity::ORIGINALLY_RECORDED_AT), unless an earlier copy has put one there.
///
/// The source may grow meanwhile: the copy ends at the end it comes to, and copying again brings the rest. Nobody else may
/// append to the target. Takes memory for a few batches of events, however long the log is.
///
/// # Errors
/// [`CopyError`]. Whatever it is, copying again goes on where this copy stopped.
pub async fn copy(
    source: &mut dyn Source,
    target: &SharedLog,
    mut progress: impl FnMut(CopyProgress) + Send,
) -> Result<Copied, CopyError> {
    let mut source = Ahead::new(source);
    let mut there = Scan::new(target.clone(), Position::START);
    let (mut expected, mut found) = (HashChain::default(), HashChain::default());

    let mut tell = |events| progress(CopyProgress { phase: CopyPhase::Comparing, events });
    let already_there = compare(&mut source, &mut there, &mut expected, &mut found, &mut tell).await?;

    let mut tell = |events| progress(CopyProgress { phase: CopyPhase::Copying, events });
    let events = transfer(&mut source, target, already_there, &mut expected, &mut tell).await?;

    let mut read_back = already_there;
    loop {
        let batch = there.next().await.map_err(CopyError::Target)?;
        if batch.is_empty() {
            break;
        }
        for event in &batch {
            found.add(event);
        }
        read_back += batch.len() as u64;
        progress(CopyProgress { phase: CopyPhase::Verifying, events: read_back });
    }
    if read_back != events || expected.hash() != found.hash() {
        return Err(CopyError::NotTheSame {
            source_events: events,
            source_hash: expected.hash(),
            target_events: read_back,
            target_hash: found.hash(),
        });
    }
    Ok(Copied { events, already_there, hash: expected.hash(), target_head: there.position() })
}

/// The source, event by event.
struct Ahead<'a> {
    source: &'a mut dyn Source,
    events: VecDeque<RecordedEvent>,
}

impl<'a> Ahead<'a> {
    fn new(source: &'a mut dyn Source) -> Self {
        Self { source, events: VecDeque::new() }
    }

    async fn next(&mut self) -> Result<Option<RecordedEvent>, CopyError> {
        if self.events.is_empty() {
            self.events = self.source.next().await.map_err(CopyError::Source)?.into();
        }
        Ok(self.events.pop_front())
    }

    fn put_back(&mut self, event: RecordedEvent) {
        self.events.push_front(event);
    }
}

/// Goes through what the target holds already. Returns how many events that are.
async fn compare(
    source: &mut Ahead<'_>,
    target: &mut Scan,
    expected: &mut HashChain,
    found: &mut HashChain,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, CopyError> {
    let mut compared = 0;
    loop {
        let there = target.next().await.map_err(CopyError::Target)?;
        if there.is_empty() {
            return Ok(compared);
        }
        for event in &there {
            compared += 1;
            let Some(original) = source.next().await? else {
                return Err(CopyError::TargetHasMore { events: compared - 1, next: named(event) });
            };
            if let Some(difference) = difference(&original, event) {
                return Err(CopyError::OtherEvents { event: compared, difference });
            }
            expected.add(&original);
            found.add(event);
        }
        tell(compared);
    }
}

type UnderWay = JoinHandle<Vec<Result<AppendOutcome, LogError>>>;

/// Appends the rest of the source. Returns how many events the source has. One batch is appended while the next is read.
async fn transfer(
    source: &mut Ahead<'_>,
    target: &SharedLog,
    already_there: u64,
    expected: &mut HashChain,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, CopyError> {
    let (mut read, mut done) = (already_there, already_there);
    let mut under_way: Option<(UnderWay, Vec<Append>)> = None;
    let mut commands = Commands::default();
    loop {
        let mut batch: Vec<Append> = Vec::new();
        let (mut events, mut bytes) = (0, 0);
        while events < BATCH_EVENTS && bytes < BATCH_BYTES {
            let Some(command) = commands.next(source).await? else { break };
            for event in &command {
                expected.add(event);
            }
            events += command.len();
            bytes += command.iter().map(|event| event.payload.get().len()).sum::<usize>();
            batch.push(append_of(command, source.source.knows_when_recorded())?);
        }
        read += events as u64;
        if let Some((verdicts, batch)) = under_way.take() {
            done += settle(verdicts.await, &batch)?;
            tell(done);
        }
        if batch.is_empty() {
            return Ok(read);
        }
        let (log, appends) = (target.clone(), batch.clone());
        under_way = Some((tokio::spawn(async move { log.append_in_order(appends).await }), batch));
    }
}

/// That every command of a batch was appended, or had been before. Returns how many events that are.
fn settle(
    verdicts: Result<Vec<Result<AppendOutcome, LogError>>, tokio::task::JoinError>,
    batch: &[Append],
) -> Result<u64, CopyError> {
    let verdicts = verdicts.map_err(|error| CopyError::Target(LogError::Unknown(error.to_string())))?;
    let mut events = 0;
    for (append, verdict) in batch.iter().zip(verdicts) {
        match verdict.map_err(CopyError::Target)? {
            AppendOutcome::Appended(_) => events += append.events.len() as u64,
            AppendOutcome::Conflict { actual_version } => {
                return Err(CopyError::Conflict {
                    stream: append.stream.clone(),
                    expected_version: append.expected_version,
                    actual_version,
                });
            }
            AppendOutcome::AlreadyDone => {
                return Err(CopyError::CommandTwice {
                    command_id: append.command_id,
                    stream: append.stream.clone(),
                });
            }
        }
    }
    Ok(events)
}
