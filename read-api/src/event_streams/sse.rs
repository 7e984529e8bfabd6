//! Server-Sent Events: what was, and then what happens, until the client goes.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>. A message's `id` is the event's position. Who sends the
//! last one again as `Last-Event-ID` gets what comes after it: no gap, no repeat.

use std::time::Duration;

use agrodeep_event_store::{Position, Replay, SharedLog};
use futures::Stream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Open,
    view::{Unshowable, Viewer},
};

/// After how long a client that lost the stream asks again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// How long a live stream waits for a wake-up before it looks by itself.
const POLL: Duration = Duration::from_secs(1);

/// What a live stream is made of.
pub(crate) struct Live {
    pub replay: Replay,
    pub log: SharedLog,
    pub viewer: Viewer,
    pub heartbeat: Duration,
    pub stop: CancellationToken,
    /// Until when the client's token is good.
    pub until: Instant,
    pub _open: Open,
}

struct Messages {
    live: Live,
    /// Where the replay is.
    reached: Position,
    has_begun: bool,
    is_at_end: bool,
    /// How far the log had come before the replay looked last.
    head: Position,
    last_sent: Instant,
}

/// The messages, without end but for a reason: the service stops, the client's token has expired, the log cannot be read. The
/// client asks again by itself.
pub(crate) fn messages(live: Live) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> {
    let reached = live.replay.selection().after;
    let messages = Messages {
        live,
        reached,
        has_begun: false,
        is_at_end: false,
        head: Position::START,
        last_sent: Instant::now(),
    };
    futures::stream::unfold(Some(messages), |messages| async move {
        let mut messages = messages?;
        let text = messages.next().await?;
        Some((Ok(text), Some(messages)))
    })
}

impl Messages {
    /// What is sent next; `None`: nothing any more.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if !self.has_begun {
            self.has_begun = true;
            return Some(format!("retry: {RETRY_MS}\n\n").into_bytes());
        }
        let stop = self.live.stop.clone();
        loop {
            let (beat, until) = (self.last_sent + self.live.heartbeat, self.live.until);
            let text = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                () = tokio::time::sleep_until(until) => return None,
                read = Self::read(&mut self.live, &mut self.reached, &mut self.is_at_end, &mut self.head) => match read {
                    Ok(text) => text,
                    Err(Ended) => return None,
                },
                () = tokio::time::sleep_until(beat) => vec![],
            };
            if !text.is_empty() {
                self.last_sent = Instant::now();
                return Some(text);
            }
            if Instant::now() >= beat {
                self.last_sent = Instant::now();
                return Some(heartbeat(self.reached));
            }
        }
    }

    /// The messages of the next events. Safe to cancel.
    async fn read(
        live: &mut Live,
        reached: &mut Position,
        is_at_end: &mut bool,
        head: &mut Position,
    ) -> Result<Vec<u8>, Ended> {
        if *is_at_end {
            live.log.wait_beyond(*head, POLL).await;
            *head = live.log.head().await.map_err(|error| ended(&error))?;
            *is_at_end = false;
        }
        let part = live.replay.next().await.map_err(|error| ended(&error))?;
        *is_at_end = part.is_end;
        *reached = part.reached;
        let mut text = Vec::new();
        for event in &part.events {
            let view = live.viewer.view(event).map_err(|error| ended(&error))?;
            text.extend_from_slice(format!("id: {}\ndata: ", event.position).as_bytes());
            // JSON has no line breaks of its own.
            serde_json::to_writer(&mut text, &view).map_err(|_| ended(&Unshowable(event.position)))?;
            text.extend_from_slice(b"\n\n");
        }
        Ok(text)
    }
}

struct Ended;

fn ended(error: &dyn std::fmt::Display) -> Ended {
    tracing::error!(%error, "a live stream ended early");
    Ended
}

/// An id without data makes no message, but the client notes it: a stream that few events pass is resumed from where it was.
fn heartbeat(reached: Position) -> Vec<u8> {
    format!(": still here\nid: {reached}\n\n").into_bytes()
}
