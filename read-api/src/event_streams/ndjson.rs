//! One line of JSON an event, and a last line that says how many there were: without it the stream was cut.

use agrodeep_event_store::{Position, RecordedEvent, Replay, ReplayPart};
use futures::Stream;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    Open,
    view::{Unshowable, Viewer},
};

/// The last line.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct End {
    /// How many events came before it.
    pub count: u64,
    /// Up to here everything has been looked at: go on `after` it (backwards: `before` it).
    pub position: Position,
    /// Whether all came that was asked for.
    pub complete: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

#[derive(Serialize)]
struct EndLine {
    end: End,
}

impl End {
    /// As the line that it is, with its end.
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(&EndLine { end: *self }).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// Adds the lines of events to `text`.
///
/// # Errors
/// [`Unshowable`]; the events before it are in `text`.
pub fn write_lines(viewer: &Viewer, events: &[RecordedEvent], text: &mut Vec<u8>) -> Result<(), Unshowable> {
    for event in events {
        let view = viewer.view(event)?;
        serde_json::to_writer(&mut *text, &view).map_err(|_| Unshowable(event.position))?;
        text.push(b'\n');
    }
    Ok(())
}

/// Lines under way.
struct Lines {
    replay: Replay,
    viewer: Viewer,
    stop: CancellationToken,
    left: u64,
    count: u64,
    position: Position,
    _open: Open,
}

/// The lines of a replay, at most `limit` of them, and the last one.
pub(crate) fn lines(
    replay: Replay,
    viewer: Viewer,
    limit: Option<u64>,
    stop: CancellationToken,
    open: Open,
) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> {
    let position = replay.selection().after;
    let lines =
        Lines { replay, viewer, stop, left: limit.unwrap_or(u64::MAX), count: 0, position, _open: open };
    futures::stream::unfold(Some(lines), |lines| async move {
        let mut lines = lines?;
        let (text, is_last) = lines.next().await;
        Some((Ok(text), (!is_last).then_some(lines)))
    })
}

impl Lines {
    /// The next lines, and whether they are the last ones.
    async fn next(&mut self) -> (Vec<u8>, bool) {
        loop {
            let part = tokio::select! {
                () = self.stop.cancelled() => return self.end(vec![], Some("the service is stopping")),
                part = self.replay.next() => part,
            };
            let ReplayPart { mut events, reached, is_end } = match part {
                Ok(part) => part,
                Err(error) => {
                    tracing::error!(%error, "a replay ended early");
                    return self.end(vec![], Some("the log cannot be read"));
                }
            };
            let has_more = events.len() as u64 > self.left;
            events.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            let mut text = Vec::new();
            if let Err(error) = write_lines(&self.viewer, &events, &mut text) {
                tracing::error!(%error, "a replay ended early");
                return self.end(vec![], Some("an event cannot be shown"));
            }
            self.left -= events.len() as u64;
            self.count += events.len() as u64;
            self.position = match events.last() {
                Some(last) if has_more || self.left == 0 => last.position,
                _ => reached,
            };
            if is_end || self.left == 0 {
                return self.end(text, None);
            }
            if !text.is_empty() {
                return (text, false);
            }
        }
    }

    fn end(&self, mut text: Vec<u8>, reason: Option<&'static str>) -> (Vec<u8>, bool) {
        let end = End { count: self.count, position: self.position, complete: reason.is_none(), reason };
        text.extend(end.line());
        (text, true)
    }
}
