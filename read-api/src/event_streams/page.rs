//! A page of events: as many as were asked for, or as many as were found in a while.

use agrodeep_event_store::{Direction, LogError, Position, RecordedEvent, Replay};

/// How many parts of the log are looked at for one page. A filter that lets little through gets short pages, never slow ones.
const PARTS_MAX: usize = 20;

/// Some events, and where they go on.
#[derive(Debug)]
pub struct Page {
    /// In the order that was asked for.
    pub events: Vec<RecordedEvent>,
    /// Up to here everything has been looked at.
    pub reached: Position,
    /// Whether there may be more: go on from `reached`.
    pub has_more: bool,
}

/// The next `limit` events of a replay, or fewer.
///
/// # Errors
/// [`LogError`] as the store gives it.
pub async fn page(replay: &mut Replay, limit: usize) -> Result<Page, LogError> {
    let mut page = Page { events: vec![], reached: replay.selection().after, has_more: true };
    if replay.selection().direction == Direction::Backwards {
        page.reached = replay.selection().before.unwrap_or(Position(i64::MAX));
    }
    for _ in 0..PARTS_MAX {
        let part = replay.next().await?;
        page.events.extend(part.events);
        page.reached = part.reached;
        page.has_more = !part.is_end;
        if page.events.len() > limit {
            page.events.truncate(limit);
            page.reached = page.events.last().map_or(page.reached, |last| last.position);
            page.has_more = true;
        }
        if page.events.len() == limit || !page.has_more {
            break;
        }
    }
    Ok(page)
}
