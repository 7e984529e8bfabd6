//! How far the log has grown, as far as this process knows: a hint that wakes readers, never a promise.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_postgres::{AsyncMessage, NoTls};

use super::session::Sessions;
use crate::Position;

const CHANNEL: &str = "agrodeep_log";

/// How often other processes are told at most. They poll besides.
const TELL_EVERY: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(super) struct Head {
    known: watch::Sender<i64>,
    _tasks: Arc<Tasks>,
}

struct Tasks(Vec<tokio::task::JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Head {
    /// Begins at `position`, listens to other processes and tells them what this one appends.
    pub fn follow(sessions: Sessions, position: Position) -> Self {
        let known = watch::Sender::new(position.0);
        let listening = tokio::spawn(listen(sessions.clone(), known.clone()));
        let telling = tokio::spawn(tell(sessions, known.subscribe()));
        Self { known, _tasks: Arc::new(Tasks(vec![listening, telling])) }
    }

    /// This process has appended up to `position`.
    pub fn advance(&self, position: i64) {
        raise(&self.known, position);
    }

    pub async fn wait_beyond(&self, position: Position, timeout: Duration) {
        let mut known = self.known.subscribe();
        let _ = tokio::time::timeout(timeout, known.wait_for(|head| *head > position.0)).await;
    }
}

fn raise(known: &watch::Sender<i64>, position: i64) {
    known.send_if_modified(|head| {
        let grown = position > *head;
        if grown {
            *head = position;
        }
        grown
    });
}

/// Hears from other processes for ever, over a connection of its own.
async fn listen(sessions: Sessions, known: watch::Sender<i64>) {
    loop {
        if let Ok((client, mut connection)) = sessions.config().connect(NoTls).await {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            let driving = tokio::spawn(async move {
                while let Some(Ok(message)) =
                    std::future::poll_fn(|context| connection.poll_message(context)).await
                {
                    if let AsyncMessage::Notification(notification) = message {
                        let _ = sender.send(notification.payload().parse::<i64>());
                    }
                }
            });
            if client.batch_execute(&format!("listen {CHANNEL}")).await.is_ok() {
                while let Some(position) = receiver.recv().await {
                    if let Ok(position) = position {
                        raise(&known, position);
                    }
                }
            }
            driving.abort();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Tells other processes, not more often than they can use. Outside of any append: a notification inside one would take
/// a lock that all committing transactions of the server share.
async fn tell(sessions: Sessions, mut known: watch::Receiver<i64>) {
    while known.changed().await.is_ok() {
        let position = *known.borrow_and_update();
        if let Ok(session) = sessions.get().await {
            let _ =
                session.client.execute("select pg_notify($1, $2)", &[&CHANNEL, &position.to_string()]).await;
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}
