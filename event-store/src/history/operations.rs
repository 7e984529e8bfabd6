//! A history as operations: what was asked, when, and what was answered.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{Answer, Record, Report};

/// When something happened: its index in the history.
pub(super) type Moment = usize;

pub(super) struct Operation<'a> {
    pub began: Moment,
    pub asked: &'a Record,
    /// When the answer came, and which.
    pub answered: Option<(Moment, &'a Answer)>,
}

impl<'a> Operation<'a> {
    pub fn answer(&self) -> Option<&'a Answer> {
        self.answered.map(|(_, answer)| answer)
    }

    pub fn as_attempt(&self) -> Option<Attempt<'a>> {
        let Record::Append { command_id, stream, expected_version, values, .. } = self.asked else {
            return None;
        };
        Some(Attempt {
            began: self.began,
            command_id: *command_id,
            stream,
            expected_version: *expected_version,
            values,
            answer: self.answer().unwrap_or(&Answer::Unknown),
        })
    }
}

/// One attempt to append.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub began: Moment,
    pub command_id: Uuid,
    pub stream: &'a str,
    pub expected_version: u64,
    pub values: &'a [String],
    pub answer: &'a Answer,
}

impl Attempt<'_> {
    /// Was it made for this place?
    pub fn is_for(&self, stream: &str, first_version: u64) -> bool {
        self.stream == stream && self.expected_version + 1 == first_version
    }
}

pub(super) struct Operations<'a> {
    /// In the order in which they began.
    pub all: Vec<Operation<'a>>,
    /// The attempts at each command, in the order in which they began.
    pub commands: BTreeMap<Uuid, Vec<Attempt<'a>>>,
    by_id: HashMap<Uuid, usize>,
}

impl<'a> Operations<'a> {
    pub fn of(history: &'a [Record]) -> Self {
        let mut all: Vec<Operation> = vec![];
        let mut by_id = HashMap::new();
        for (moment, record) in history.iter().enumerate() {
            match record {
                Record::Append { id, .. } | Record::Load { id, .. } | Record::Read { id, .. } => {
                    by_id.insert(*id, all.len());
                    all.push(Operation { began: moment, asked: record, answered: None });
                }
                Record::Answered { id, answer } => {
                    if let Some(index) = by_id.get(id) {
                        all[*index].answered = Some((moment, answer));
                    }
                }
            }
        }
        let mut commands: BTreeMap<Uuid, Vec<Attempt>> = BTreeMap::new();
        for attempt in all.iter().filter_map(Operation::as_attempt) {
            commands.entry(attempt.command_id).or_default().push(attempt);
        }
        Self { all, commands, by_id }
    }

    pub fn get(&self, id: Uuid) -> Option<&Operation<'a>> {
        self.by_id.get(&id).map(|index| &self.all[*index])
    }

    pub fn count(&self, report: &mut Report) {
        for operation in &self.all {
            match (operation.asked, operation.answer()) {
                (Record::Append { .. }, answer) => {
                    report.attempts += 1;
                    *match answer {
                        Some(Answer::Appended { .. }) => &mut report.acknowledged,
                        Some(Answer::Conflict { .. }) => &mut report.conflicts,
                        Some(Answer::AlreadyDone) => &mut report.already_done,
                        Some(Answer::Refused) => &mut report.refused,
                        _ => &mut report.unknown,
                    } += 1;
                }
                (_, Some(Answer::Loaded(_))) => report.loads += 1,
                (_, Some(Answer::Read(entries))) => report.followed += entries.len(),
                _ => {}
            }
        }
    }
}
