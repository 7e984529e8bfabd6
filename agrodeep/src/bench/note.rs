//! The aggregate that benchmarks write to: one event of about 400 bytes a command, and nothing to decide.

use agrodeep_domain::Aggregate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

agrodeep_domain::events! {
    /// What can have happened to a note.
    NoteEvent {
        LineAdded,
    }
}

/// A line has been added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LineAdded {
    /// The how manyth.
    pub number: u64,
    /// What it says.
    pub text: String,
}

/// Add a line.
#[derive(Clone, Debug)]
pub struct AddLine {
    /// What it says.
    pub text: String,
}

/// Notes never say no.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("never")]
pub enum Never {}

/// How many lines there are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Note {
    lines: u64,
}

impl Aggregate for Note {
    const TYPE: &'static str = "note";
    const STATE_FORM: u32 = 1;
    type Command = AddLine;
    type Event = NoteEvent;
    type Refusal = Never;

    fn decide(&self, command: &AddLine) -> Result<Vec<NoteEvent>, Never> {
        Ok(vec![LineAdded { number: self.lines + 1, text: command.text.clone() }.into()])
    }

    fn apply(&mut self, event: &NoteEvent) {
        let NoteEvent::LineAdded(event) = event;
        self.lines = event.number;
    }
}

agrodeep_domain::cqrs_es_aggregate!(Note);

/// A line that makes an event of about 400 bytes.
pub fn line() -> AddLine {
    AddLine { text: "Tomates de Marmande, cueillies ce matin. ".repeat(9) }
}
