//! How far the log has grown, as far as this process knows: a hint that wakes readers, never a promise.

use std::{sync::Arc, time::Duration};

use kurrentdb::{StreamPosition, SubscribeToAllOptions, SubscriptionEvent};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{
    read::{our_streams, place},
    session::Sessions,
    trouble::Trouble,
};
use crate::Position;

/// How long after a subscription has ended the next one begins.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Clone)]
pub(super) struct Head {
    known: watch::Sender<Position>,
    _listening: Arc<AbortOnDropHandle<()>>,
}

impl Head {
    /// Begins at `position` and hears of every event after it, whoever appends it.
    pub fn follow(sessions: Sessions, position: Position) -> Self {
        let known = watch::Sender::new(position);
        let listening = tokio::spawn(listen(sessions, known.clone()));
        Self { known, _listening: Arc::new(AbortOnDropHandle::new(listening)) }
    }

    /// This process has appended up to `position`.
    pub fn advance(&self, position: Position) {
        raise(&self.known, position);
    }

    pub async fn wait_beyond(&self, position: Position, timeout: Duration) {
        let mut known = self.known.subscribe();
        let _ = tokio::time::timeout(timeout, known.wait_for(|head| *head > position)).await;
    }
}

fn raise(known: &watch::Sender<Position>, position: Position) {
    known.send_if_modified(|head| {
        let grown = position > *head;
        if grown {
            *head = position;
        }
        grown
    });
}

/// One live subscription, begun again whenever it ends. While there is none, readers poll.
async fn listen(sessions: Sessions, known: watch::Sender<Position>) {
    loop {
        let from = *known.borrow();
        let from = if from > Position::START {
            StreamPosition::Position(place(from))
        } else {
            StreamPosition::Start
        };
        let options = SubscribeToAllOptions::default().position(from).filter(our_streams());
        let session = sessions.get().await;
        let mut subscription = session.client.subscribe_to_all(&options).await;
        let error = loop {
            match subscription.next_subscription_event().await {
                Ok(SubscriptionEvent::EventAppeared(event)) => {
                    if let Some(event) = event.event {
                        raise(&known, Position(event.position.commit as i64));
                    }
                }
                // Checkpoints and the like: nothing of ours has come.
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        tracing::debug!(%error, "the subscription to the log ended");
        if Trouble::is_of_the_connection(&error, sessions.is_cluster()) {
            let _ = sessions.renew(&session).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
