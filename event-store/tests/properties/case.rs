//! Random batches, described by what they mean: a shrunk one can be read.

use std::collections::HashMap;

use agrodeep_event_store::{
    Append, StreamId,
    conformance::{event, fresh_stream, some_events},
};
use proptest::{collection::vec, prelude::*};

use crate::model::Model;

/// How a batch goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As one chain, on the stream of its first command.
    Chain,
    /// As one statement, on any streams.
    Statement,
}

#[derive(Clone, Debug)]
pub struct Batch {
    pub way: Way,
    pub commands: Vec<Command>,
}

#[derive(Clone, Debug)]
pub struct Command {
    stream: usize,
    kind: Kind,
    events: usize,
    payload: Payload,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A new command at the version that the stream has once everything before it is appended.
    Right,
    /// A new command at a version that the stream has left behind.
    Behind(u64),
    /// A new command at a version that the stream has not reached.
    Ahead(u64),
    /// The very same append as an earlier one, counted back from here.
    Again(usize),
    /// An earlier append again, with one event more.
    AgainWithMore(usize),
    /// The id of an earlier command, at the right version of this stream.
    IdAgain(usize),
}

#[derive(Clone, Copy, Debug)]
enum Payload {
    Small,
    LargerThanAPage,
    Large,
}

impl Payload {
    fn text(self, stream: usize, index: usize) -> String {
        let filler = match self {
            Self::Small => 1,
            Self::LargerThanAPage => 9_000,
            Self::Large => 100_000,
        };
        format!(r#"{{ "stream": {stream},"index":{index}, "filler":"{}"}}"#, "é".repeat(filler))
    }
}

fn command(streams: usize) -> impl Strategy<Value = Command> {
    let kind = prop_oneof![
        8 => Just(Kind::Right),
        1 => (1..3_u64).prop_map(Kind::Behind),
        1 => (1..3_u64).prop_map(Kind::Ahead),
        2 => (0..6_usize).prop_map(Kind::Again),
        1 => (0..6_usize).prop_map(Kind::AgainWithMore),
        1 => (0..6_usize).prop_map(Kind::IdAgain),
    ];
    let payload = prop_oneof![
        40 => Just(Payload::Small),
        4 => Just(Payload::LargerThanAPage),
        1 => Just(Payload::Large),
    ];
    (0..streams, kind, prop_oneof![3 => Just(1), 2 => 2..5_usize], payload)
        .prop_map(|(stream, kind, events, payload)| Command { stream, kind, events, payload })
}

pub fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let batch = prop_oneof![
        vec(command(3), 1..5).prop_map(|commands| Batch { way: Way::Chain, commands }),
        vec(command(3), 1..9).prop_map(|commands| Batch { way: Way::Statement, commands }),
    ];
    vec(batch, 1..8)
}

/// The streams of one case, and what was asked in it so far.
pub struct Asked {
    streams: Vec<StreamId>,
    appends: Vec<Append>,
}

impl Asked {
    pub fn new() -> Self {
        Self { streams: (0..3).map(|_| fresh_stream()).collect(), appends: vec![] }
    }

    pub fn streams(&self) -> &[StreamId] {
        &self.streams
    }

    pub fn appends(&self) -> &[Append] {
        &self.appends
    }

    /// The appends that `batch` means when the log is as `model` has it.
    pub fn next(&mut self, batch: &Batch, model: &Model) -> Vec<Append> {
        let mut versions: HashMap<usize, u64> = HashMap::new();
        let from = self.appends.len();
        for command in &batch.commands {
            let stream = if batch.way == Way::Chain { batch.commands[0].stream } else { command.stream };
            let version = *versions.entry(stream).or_insert_with(|| model.version(&self.streams[stream]));
            let append = self.append(command, stream, version, batch.way);
            if append.expected_version == version {
                versions.insert(stream, version + append.events.len() as u64);
            }
            self.appends.push(append);
        }
        self.appends[from..].to_vec()
    }

    fn append(&self, command: &Command, stream: usize, version: u64, way: Way) -> Append {
        let mut append = some_events(&self.streams[stream], version, 0);
        append.events =
            (0..command.events).map(|index| event(&command.payload.text(stream, index))).collect();
        let earlier = |back: usize| self.appends.iter().rev().nth(back);
        match command.kind {
            Kind::Right => {}
            Kind::Behind(by) => append.expected_version = version.saturating_sub(by),
            Kind::Ahead(by) => append.expected_version += by,
            Kind::Again(back) | Kind::AgainWithMore(back) => {
                if let Some(earlier) = earlier(back)
                    && (way == Way::Statement || earlier.stream == append.stream)
                {
                    append = earlier.clone();
                    if matches!(command.kind, Kind::AgainWithMore(_)) {
                        append.events.push(event("\"one more\""));
                    }
                }
            }
            Kind::IdAgain(back) => {
                append.command_id = earlier(back).map_or(append.command_id, |earlier| earlier.command_id);
            }
        }
        append
    }
}
