//! The rows that ours writes, for those who have only the table.

use agrodeep_event_store::Metadata;
use chrono::Utc;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::bench::{
    note::{LineAdded, NoteEvent, line},
    workload::COMMANDS_PER_AGGREGATE,
};

/// One event of a note. The command's id is the event's, too.
pub struct Row {
    pub note: String,
    pub number: i64,
    pub payload: Box<RawValue>,
    pub metadata: Box<RawValue>,
    pub command: Uuid,
}

impl Row {
    /// The event of this number on `note`.
    pub fn new(note: String, number: i64) -> serde_json::Result<Self> {
        let command = Uuid::now_v7();
        let event: NoteEvent = LineAdded { number: number as u64, text: line().text }.into();
        let metadata = Metadata {
            actor: "system:bench".to_owned(),
            correlation_id: command,
            causation_id: command,
            traceparent: None,
            occurred_at: Utc::now(),
            other: std::collections::BTreeMap::new(),
        };
        Ok(Self { note, number, payload: to_raw_value(&event)?, metadata: to_raw_value(&metadata)?, command })
    }
}

/// Writers that take turns, each on a note of its own.
pub struct Writers {
    notes: Vec<(String, i64)>,
    turn: usize,
}

impl Writers {
    pub fn new(count: usize) -> Self {
        Self { notes: vec![(String::new(), COMMANDS_PER_AGGREGATE as i64); count], turn: 0 }
    }

    pub fn next_row(&mut self) -> serde_json::Result<Row> {
        self.turn = (self.turn + 1) % self.notes.len();
        let (note, number) = &mut self.notes[self.turn];
        if *number == COMMANDS_PER_AGGREGATE as i64 {
            (*note, *number) = (Uuid::now_v7().to_string(), 0);
        }
        *number += 1;
        Row::new(note.clone(), *number)
    }
}
