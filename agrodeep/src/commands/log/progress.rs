//! How far the reading of a log is, for whoever watches on a terminal.

use std::time::Duration;

use agrodeep_event_store::SharedLog;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr; nothing when that is no terminal.
pub struct Progress {
    bar: ProgressBar,
}

/// Nobody can read faster.
const TICK: Duration = Duration::from_millis(200);

impl Progress {
    /// Something about `total` events has begun.
    pub fn begin(what: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what);
        let template = match total {
            Some(_) => "{msg} {bar:30} {human_pos} of {human_len} events, {per_sec}, {eta} left",
            None => "{msg} {spinner} {human_pos} events, {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// Something else is done about the events from `events` on.
    pub fn next(&self, what: &'static str, events: u64) {
        self.bar.set_message(what);
        self.bar.set_position(events);
        self.bar.reset_eta();
    }

    /// So many events by now.
    pub fn at(&self, events: u64) {
        self.bar.set_position(events);
    }

    /// Nothing more is to be seen.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How many events a log has, where that costs nothing to know.
pub async fn total(log: &SharedLog) -> Option<u64> {
    let head = log.head().await.ok()?;
    log.promises().dense_positions.then(|| u64::try_from(head.0).ok()).flatten()
}

/// A number as a person reads it.
pub fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}
