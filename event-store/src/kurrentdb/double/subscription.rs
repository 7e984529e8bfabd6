//! Subscriptions to `$all`: `AllSubscription` and `AllSubscriptionFiltered` of KurrentDB's Enumerators. First confirmed;
//! then what is after the position, with a checkpoint after every so many considered events; a checkpoint and `CaughtUp` at
//! the end; then what comes.

use std::{sync::Arc, time::SystemTime};

use tokio::sync::mpsc;
use tonic::Status;
use uuid::Uuid;

use super::{
    convert::{content, event},
    filter::Filter,
    log::Log,
    protocol::event_store::client::streams::{
        ReadResp,
        read_resp::{CaughtUp, Checkpoint, Content, Position, SubscriptionConfirmation},
    },
    read::invalid_position,
};

type Answers = mpsc::Sender<Result<ReadResp, Status>>;

/// How many records are looked at in one go.
const PAGE: usize = 500;

/// Tells of everything after `after`, until nobody listens any more.
pub(super) async fn run(log: Arc<Log>, after: Option<u64>, filter: Option<Filter>, answers: Answers) {
    // Gone: who listened.
    let _ = tell(&log, after, filter, &answers).await;
}

async fn tell(
    log: &Log,
    after: Option<u64>,
    filter: Option<Filter>,
    answers: &Answers,
) -> Result<(), mpsc::error::SendError<Result<ReadResp, Status>>> {
    let mut end = log.end();
    let mut after = match after {
        // The end: only what is to come.
        Some(u64::MAX) => log.backwards(u64::MAX, 1, |_| true).first().map(|record| record.position),
        after => after,
    };
    let confirmation = SubscriptionConfirmation { subscription_id: Uuid::now_v7().to_string() };
    answers.send(Ok(content(Content::Confirmation(confirmation)))).await?;
    let (mut considered, mut live) = (0, false);
    loop {
        end.mark_unchanged();
        let Some(records) = log.forwards(after.unwrap_or(0), PAGE, |_| true) else {
            answers.send(Err(invalid_position())).await?;
            return Ok(());
        };
        let page = records.len();
        for record in &records {
            if after.is_some_and(|after| record.position <= after) {
                continue;
            }
            after = Some(record.position);
            match &filter {
                Some(filter) => {
                    considered += 1;
                    if filter.lets_through(record) {
                        answers.send(Ok(event(record))).await?;
                    }
                    if considered >= filter.checkpoint_interval {
                        considered = 0;
                        answers.send(Ok(checkpoint(record.position))).await?;
                    }
                }
                None => answers.send(Ok(event(record))).await?,
            }
        }
        if page == PAGE {
            continue;
        }
        if !live {
            live = true;
            if let (Some(_), Some(after)) = (&filter, after) {
                answers.send(Ok(checkpoint(after))).await?;
            }
            let position = after.map(|after| Position { commit_position: after, prepare_position: after });
            let timestamp = Some(SystemTime::now().into());
            let caught_up = CaughtUp { timestamp, stream_revision: None, position };
            answers.send(Ok(content(Content::CaughtUp(caught_up)))).await?;
        }
        tokio::select! {
            changed = end.changed() => if changed.is_err() { return Ok(()) },
            () = answers.closed() => return Ok(()),
        }
    }
}

fn checkpoint(position: u64) -> ReadResp {
    let timestamp = Some(SystemTime::now().into());
    content(Content::Checkpoint(Checkpoint {
        commit_position: position,
        prepare_position: position,
        timestamp,
    }))
}
