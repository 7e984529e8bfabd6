//! How far an import is, for whoever watches on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr; nothing when that is no terminal.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
}

/// Nobody can read faster.
const TICK: Duration = Duration::from_millis(200);

impl Progress {
    /// Something of unknown length has begun.
    pub fn begin(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// Something else has begun that consists of `total` `things`.
    pub(super) fn next(&self, things: &str, total: usize) {
        let template =
            format!("{{bar:30}} {{human_pos}} of {{human_len}} {things}, {{per_sec}}, {{eta}} left {{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            self.bar.set_style(style);
        }
        self.bar.set_message("");
        self.bar.set_length(total as u64);
        self.bar.reset();
    }

    /// One of these things is done; so many events have been written by now.
    pub(super) fn one_more(&self, events: u64) {
        self.bar.inc(1);
        self.bar.set_message(format!("({events} events)"));
    }

    /// Nothing more is to be seen.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
