//! Reads a whole log and looks for what must not be.

use std::{collections::HashMap, fmt, sync::Arc};

use uuid::Uuid;

use super::{HashChain, LogHash};
use crate::{
    AggregateId, LogError, Position, RecordedEvent, SharedLog, StreamId, event::event_id, scan::Scan,
};

/// How many problems are told one by one.
const TOLD_MAX: usize = 20;

/// After so many, reading on says nothing new.
const PROBLEMS_MAX: u64 = 1000;

/// What a log was found to be.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// How many events could be read.
    pub events: u64,
    /// Of how many streams.
    pub streams: u64,
    /// The position of the last of them.
    pub head: Position,
    /// The hash of all of them; none when something could not be read.
    pub hash: Option<LogHash>,
    /// The first problems, in the order of the log.
    pub problems: Vec<Problem>,
    /// How many problems there are. Looking ends at 1000.
    pub problems_total: u64,
}

impl VerifyReport {
    /// Whether all is as it must be.
    pub fn is_sound(&self) -> bool {
        self.problems_total == 0
    }
}

/// Something that must not be in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub position: Position,
    /// What, in words for a person.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {}: {}", self.position, self.what)
    }
}

/// Reads all of `log` up to its present head and checks:
///
/// * positions grow, and where the store promises it are 1, 2, 3 … up to the head;
/// * the versions of every stream are 1, 2, 3 …, in the order of the log;
/// * every event's id is the one that its command gives it, so that ids are as unique as commands (that a command id is
///   there once is the store's own index, and is not looked for again);
/// * payload and metadata can be read.
///
/// `progress` is told now and then how many events have been read.
///
/// Takes memory for a few batches of events (about 4 MB each; more if events are larger than they were just before), and
/// 50 to 100 bytes a stream, more if ids are no UUIDs: the version it is at.
///
/// # Errors
/// [`LogError`] when the log cannot be read at all. What is wrong in it is in the report.
pub async fn verify(log: &SharedLog, mut progress: impl FnMut(u64) + Send) -> Result<VerifyReport, LogError> {
    let head = log.head().await?;
    let mut checks = Checks::new(log.promises().dense_positions);
    let mut scan = Scan::new(log.clone(), Position::START);
    while scan.position() < head && checks.report.problems_total < PROBLEMS_MAX {
        match scan.next().await {
            Ok(events) if events.is_empty() => break,
            Ok(events) => {
                for event in events.iter().take_while(|event| event.position <= head) {
                    checks.look_at(event);
                }
            }
            Err(LogError::Corrupt(what)) => {
                let (after, count) = (scan.position(), scan.limit());
                let Some(beyond) = checks.look_singly(log, after, count, head, what).await? else { break };
                scan.jump_to(beyond);
            }
            Err(error) => return Err(error),
        }
        progress(checks.report.events);
    }
    Ok(checks.end(head))
}

struct Checks {
    dense_positions: bool,
    report: VerifyReport,
    chain: HashChain,
    /// Every event so far could be read.
    complete: bool,
    /// The last position that was looked at, whether it could be read or not.
    reached: Position,
    versions: HashMap<Arc<str>, HashMap<AggregateId, u64>>,
    /// The command of the last event, its stream, and how many of its events have been seen.
    command: Option<(Uuid, StreamId, usize)>,
}

impl Checks {
    fn new(dense_positions: bool) -> Self {
        Self {
            dense_positions,
            report: VerifyReport::default(),
            chain: HashChain::default(),
            complete: true,
            reached: Position::START,
            versions: HashMap::new(),
            command: None,
        }
    }

    fn problem(&mut self, position: Position, what: impl Into<String>) {
        self.report.problems_total += 1;
        if self.report.problems.len() < TOLD_MAX {
            self.report.problems.push(Problem { position, what: what.into() });
        }
    }

    fn look_at(&mut self, event: &RecordedEvent) {
        let last = self.reached;
        if event.position <= last {
            self.problem(event.position, format!("comes after position {last}"));
        } else if self.dense_positions && event.position.0 != last.0 + 1 {
            self.problem(event.position, format!("follows on {last}: positions are missing"));
        }
        self.look_at_version(event);
        self.look_at_id(event);
        self.chain.add(event);
        self.report.head = event.position;
        self.reached = event.position;
        self.report.events += 1;
    }

    fn look_at_version(&mut self, event: &RecordedEvent) {
        let of_type = match self.versions.get_mut(&event.stream.aggregate_type) {
            Some(of_type) => of_type,
            None => self.versions.entry(event.stream.aggregate_type.clone()).or_default(),
        };
        let version = of_type.entry(event.stream.aggregate_id.clone()).or_default();
        let expected = *version + 1;
        *version = event.version;
        if event.version != expected {
            let what = format!("{} has version {} where {expected} must be", event.stream, event.version);
            self.problem(event.position, what);
        }
    }

    fn look_at_id(&mut self, event: &RecordedEvent) {
        let index = match self.command.take() {
            Some((id, stream, seen)) if id == event.command_id && stream == event.stream => seen,
            _ => 0,
        };
        let expected = event_id(event.command_id, index);
        if event.event_id != expected {
            let what = format!(
                "the event's id is {}; event {} of the command {} must have {expected}",
                event.event_id,
                index + 1,
                event.command_id
            );
            self.problem(event.position, what);
        }
        self.command = Some((event.command_id, event.stream.clone(), index + 1));
    }

    /// One by one through a batch that could not be read, to find out which event it is. `None`: there is no way past it.
    async fn look_singly(
        &mut self,
        log: &SharedLog,
        mut after: Position,
        count: usize,
        head: Position,
        what: String,
    ) -> Result<Option<Position>, LogError> {
        for _ in 0..count {
            if after >= head || self.report.problems_total >= PROBLEMS_MAX {
                break;
            }
            match log.read(after, 1).await {
                Ok(events) => {
                    let Some(event) = events.first() else { break };
                    self.look_at(event);
                    after = event.position;
                }
                Err(LogError::Corrupt(what)) if self.dense_positions => {
                    self.complete = false;
                    // What cannot be read has a position all the same, so the one behind it can be asked for.
                    after = Position(after.0 + 1);
                    self.reached = after;
                    self.problem(after, what);
                }
                Err(LogError::Corrupt(_)) => {
                    self.complete = false;
                    self.problem(after, format!("what follows cannot be read: {what}"));
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(after))
    }

    fn end(mut self, head: Position) -> VerifyReport {
        let last = self.reached;
        if self.dense_positions && last != head && self.report.problems_total < PROBLEMS_MAX {
            self.problem(last, format!("the log ends here, but its head says {head}"));
        }
        self.report.streams = self.versions.values().map(|of_type| of_type.len() as u64).sum();
        self.report.hash = self.complete.then(|| self.chain.hash());
        self.report
    }
}
