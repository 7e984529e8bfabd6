//! What is told of rebuilds.

use agrodeep_projections::{
    Model,
    rebuild::{RebuildState, RebuildStatus, Rebuilds},
};
use anyhow::Result;

use crate::{
    commands::log::progress::grouped,
    terminal::{say, say_table},
};

/// All rebuilds of late, newest first.
pub async fn all(rebuilds: &Rebuilds) -> Result<()> {
    let found = rebuilds.list().await?;
    if found.is_empty() {
        say("Nothing was ever built anew.");
        return Ok(());
    }
    let titles =
        ["projection", "version", "state", "events", "events/s", "left", "asked for"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(titles).chain(found.iter().map(row)).collect();
    say_table("", &rows);
    Ok(())
}

fn row(status: &RebuildStatus) -> [String; 7] {
    let number = |value: i64| grouped(value.unsigned_abs());
    let events = match status.state {
        RebuildState::Discarded => String::new(),
        _ => format!("{} of {}", number(status.position.0), number(status.head.0)),
    };
    [
        status.model.to_string(),
        status.version.to_string(),
        status.state.as_str().to_owned(),
        events,
        status.events_per_second.map(|rate| grouped(rate as u64)).unwrap_or_default(),
        status.seconds_left.map(|seconds| format!("{seconds:.0} s")).unwrap_or_default(),
        format!("{} by {}", status.requested_at.format("%Y-%m-%d %H:%M:%S"), status.requested_by),
    ]
}

/// What to do about one that rests.
pub fn how_to_go_on(model: Model) -> String {
    format!("`agrodeep rebuild {model}` goes on from there")
}
