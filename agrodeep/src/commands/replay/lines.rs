//! The log as lines of JSON on stdout.

use std::io::{self, Write};

use agrodeep_event_store::{Replay, Selection, SharedLog};
use agrodeep_read_api::event_streams::{
    ndjson::{End, write_lines},
    view::Viewer,
};
use anyhow::{Context, Result};

use super::super::log::progress::{Progress, total};

/// About how many bytes of the log are read at once.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// Writes the events, one line each, and a last line that says how many.
///
/// # Errors
/// When the log cannot be read. A reader that has gone is none.
pub async fn write(log: &SharedLog, selection: Selection, limit: Option<u64>, viewer: &Viewer) -> Result<()> {
    let bar = Progress::begin("replaying", total(log).await);
    let mut left = limit.unwrap_or(u64::MAX);
    let mut end = End { count: 0, position: selection.after, complete: true, reason: None };
    let mut replay =
        Replay::begin(log.clone(), selection, PART_BYTES).await.context("the log cannot be read")?;
    let mut text = Vec::new();
    loop {
        let mut part = replay.next().await.context("the log cannot be read")?;
        part.events.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= part.events.len() as u64;
        end.count += part.events.len() as u64;
        end.position = match part.events.last() {
            Some(last) if left == 0 => last.position,
            _ => part.reached,
        };
        text.clear();
        write_lines(viewer, &part.events, &mut text)?;
        let is_last = part.is_end || left == 0;
        if is_last {
            text.extend(end.line());
        }
        // In place: whoever reads slowly keeps only this command waiting.
        let written = tokio::task::block_in_place(|| {
            let mut out = io::stdout().lock();
            out.write_all(&text).and_then(|()| out.flush())
        });
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written.context("writing to stdout")?,
        }
        bar.at(end.count);
        if is_last {
            break;
        }
    }
    bar.end();
    Ok(())
}
