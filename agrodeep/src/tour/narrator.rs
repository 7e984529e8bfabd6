//! Tells the tour's story, line by line.

use std::{
    fmt::Display,
    io::{self, Stdout, Write},
};

use super::TourOptions;
use crate::terminal::table;

/// Tells what is done and what came back, on stdout.
pub struct Narrator {
    out: Stdout,
    chapters: usize,
    step: String,
}

impl Narrator {
    pub fn new() -> Self {
        Self { out: io::stdout(), chapters: 0, step: String::new() }
    }

    pub fn title(&self, options: &TourOptions) {
        self.say("AgroDeep: a tour of the main job, over HTTP");
        self.say(format!("  commands to  {}", options.write_url));
        self.say(format!("  queries to   {}", options.read_url));
    }

    pub fn chapter(&mut self, title: &str) {
        self.chapters += 1;
        self.say(format!("\n{}. {title}", self.chapters));
    }

    /// What is done next.
    pub fn step(&mut self, what: impl Into<String>) {
        self.step = what.into();
        self.say(format!("   • {}", self.step));
    }

    /// What came back.
    pub fn came_back(&self, what: impl Display) {
        self.say(format!("     → {what}"));
    }

    /// What came back, as a table.
    pub fn came_back_as<const N: usize>(&self, rows: &[[String; N]]) {
        for line in table(rows) {
            self.say(format!("       {line}"));
        }
    }

    /// The step that is being walked.
    pub fn current(&self) -> &str {
        &self.step
    }

    pub fn end(&self) {
        self.say("\nEverything was as promised.");
    }

    fn say(&self, line: impl Display) {
        // A reader that has gone away is no reason to stop walking.
        let _: io::Result<()> = writeln!(&self.out, "{line}");
    }
}
