//! Followers of the log, that write down what they are given.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use agrodeep_event_store::{
    Follower, LogError, Position,
    history::{Answer, Entry, HistoryFile, Record},
    postgres::{LogLimits, PostgresLog},
};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, Row};
use uuid::Uuid;

const LIMIT: usize = 100;

/// One that runs beside the writers.
pub struct Following {
    task: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    position: Arc<AtomicI64>,
    damages: Arc<AtomicUsize>,
}

impl Following {
    /// How far it has come.
    pub fn position(&self) -> i64 {
        self.position.load(Ordering::Relaxed)
    }

    /// How often it was told that the log is damaged.
    pub fn damages(&self) -> usize {
        self.damages.load(Ordering::Relaxed)
    }

    pub async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
    }

    /// As the product follows: by [`Follower`], which does not go past a hole. It connects anew after every trouble.
    pub fn by_the_port(url: String, history: &Path) -> Self {
        Self::start(history, move |told| async move {
            while !told.stopped() {
                let Ok(log) = PostgresLog::open(&url, LogLimits::default()).await else {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                let mut follower = Follower::new(Arc::new(log), Position(told.last()), LIMIT);
                loop {
                    let id = told.asks("follower");
                    tokio::select! {
                        events = follower.next() => match events {
                            Ok(events) => told.is_given(id, events.iter().map(Entry::from).collect()),
                            Err(LogError::Corrupt(_)) => { told.damages.fetch_add(1, Ordering::Relaxed); break }
                            Err(_) => break,
                        },
                        () = told.until_stopped() => return,
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    }

    /// By the bare query, with no check: `position > the last one seen`.
    pub fn by_a_cursor(url: String, history: &Path) -> Self {
        Self::start(history, move |told| async move {
            while !told.stopped() {
                if let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
                    let driving = tokio::spawn(connection);
                    while !told.stopped() {
                        let id = told.asks("cursor");
                        let Ok(entries) = entries(&client, told.last(), LIMIT as i64).await else { break };
                        let pause = if entries.is_empty() { 3 } else { 0 };
                        told.is_given(id, entries);
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                    }
                    driving.abort();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    }

    fn start<F: Future<Output = ()> + Send>(
        history: &Path,
        follow: impl FnOnce(Told) -> F + Send + 'static,
    ) -> Self {
        let told = Told {
            history: Arc::new(HistoryFile::open(history).unwrap()),
            stop: Arc::default(),
            position: Arc::default(),
            damages: Arc::default(),
        };
        let (stop, position, damages) = (told.stop.clone(), told.position.clone(), told.damages.clone());
        // The future is made and run inside the task, so it need not be nameable here.
        let task = tokio::spawn(async move { follow(told).await });
        Self { task, stop, position, damages }
    }
}

/// What a follower has been told so far.
struct Told {
    history: Arc<HistoryFile>,
    stop: Arc<AtomicBool>,
    position: Arc<AtomicI64>,
    damages: Arc<AtomicUsize>,
}

impl Told {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    async fn until_stopped(&self) {
        while !self.stopped() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn last(&self) -> i64 {
        self.position.load(Ordering::Relaxed)
    }

    fn asks(&self, follower: &str) -> Uuid {
        let id = Uuid::now_v7();
        let (follower, after) = (follower.to_owned(), self.last());
        self.history.record(&Record::Read { id, follower, after, limit: LIMIT }).unwrap();
        id
    }

    fn is_given(&self, id: Uuid, entries: Vec<Entry>) {
        if let Some(last) = entries.last() {
            self.position.store(last.position, Ordering::Relaxed);
        }
        self.history.record(&Record::Answered { id, answer: Answer::Read(entries) }).unwrap();
    }
}

/// The log's events after a position, as they stand in the table.
pub async fn entries(client: &Client, after: i64, limit: i64) -> Result<Vec<Entry>, tokio_postgres::Error> {
    let rows = client
        .query(
            "select position, aggregate_type || '-' || aggregate_id, sequence, command_id, payload::text from events \
             where position > $1 order by position limit $2",
            &[&after, &limit],
        )
        .await?;
    let entry = |row: &Row| Entry {
        position: row.get(0),
        stream: row.get(1),
        version: row.get::<_, i64>(2) as u64,
        command_id: row.get(3),
        value: row.get(4),
    };
    Ok(rows.iter().map(entry).collect())
}
