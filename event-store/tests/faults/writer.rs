//! A process that appends, as several commands at a time do, and writes down what it asks and what it is told.

use std::{
    collections::HashMap,
    io::Read,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agrodeep_event_store::{
    Append, AppendOutcome, EventLog, LogError, StreamId,
    conformance::{event, fresh_stream, some_events},
    history::{Answer, HistoryFile, Record},
    postgres::{LogLimits, PostgresLog},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The environment variable that makes a process one of these.
pub const ROLE: &str = "AGRODEEP_FAULTS_WRITER";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// The database.
    pub url: String,
    /// The history's file.
    pub history: PathBuf,
    /// How long the log asks again for a verdict that was lost.
    pub patience: Duration,
    /// Streams that all processes append to.
    pub hot_streams: Vec<String>,
    /// How many commands are under way at once.
    pub tasks: u64,
    /// Of the random choices.
    pub seed: u64,
}

/// Appends until stdin is closed.
pub fn run(role: &Role) {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        stopping.store(true, Ordering::Relaxed);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(log) = open(role, &stop).await else { return };
        let process = Arc::new(Process { stop, ..Process::new(log, &role.history) });
        let hot: Vec<StreamId> = role.hot_streams.iter().map(|name| name.parse().unwrap()).collect();
        let tasks: Vec<_> = (0..role.tasks)
            .map(|task| {
                let random = StdRng::seed_from_u64(role.seed.wrapping_mul(1000) + task);
                tokio::spawn(process.clone().append_on(hot.clone(), random))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn open(role: &Role, stop: &AtomicBool) -> Option<PostgresLog> {
    let limits = LogLimits { verdict_patience: role.patience, ..LogLimits::default() };
    while !stop.load(Ordering::Relaxed) {
        if let Ok(log) = PostgresLog::open(&role.url, limits).await {
            return Some(log);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

pub struct Process {
    log: PostgresLog,
    history: HistoryFile,
    stop: Arc<AtomicBool>,
    /// How far each stream has come, as far as this process knows.
    versions: Mutex<HashMap<StreamId, u64>>,
}

impl Process {
    pub fn new(log: PostgresLog, history: &Path) -> Self {
        let history = HistoryFile::open(history).unwrap();
        Self { log, history, stop: Arc::default(), versions: Mutex::default() }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn version(&self, stream: &StreamId) -> u64 {
        self.versions.lock().unwrap().get(stream).copied().unwrap_or(0)
    }

    fn learn(&self, stream: &StreamId, version: u64) {
        let mut versions = self.versions.lock().unwrap();
        let known = versions.entry(stream.clone()).or_default();
        *known = version.max(*known);
    }

    async fn append_on(self: Arc<Self>, hot: Vec<StreamId>, mut random: StdRng) {
        let own = fresh_stream();
        while !self.stopped() {
            let stream = if random.random_bool(0.6) { &hot[random.random_range(0..hot.len())] } else { &own };
            let mut version = self.version(stream);
            if version == 0 || random.random_bool(0.1) {
                self.load(stream).await;
                version = self.version(stream);
            }
            // Now and then one decides on what is no longer so, or not yet.
            match random.random_range(0..30) {
                0 => version = version.saturating_sub(1),
                1 => version += 1,
                _ => {}
            }
            let length = if random.random_bool(0.2) { random.random_range(2..5) } else { 1 };
            let mut chain = Vec::new();
            for _ in 0..length {
                let append = command(stream, version, random.random_range(1..4));
                version += append.events.len() as u64;
                chain.push(append);
            }
            self.see_through(chain, random.random_bool(0.5)).await;
            tokio::time::sleep(Duration::from_millis(random.random_range(0..6))).await;
        }
    }

    /// Asks until it is known what became of the chain. What was refused, or met a conflict, is given up, or `insists`: then it
    /// is tried again, decided anew, as the same command.
    async fn see_through(&self, mut chain: Vec<Append>, insists: bool) {
        let mut conflicts = 0;
        loop {
            let verdicts = self.attempt(&chain).await;
            let unknown = verdicts.iter().any(|verdict| matches!(verdict, Err(LogError::Unknown(_))));
            let refused = verdicts.iter().any(|verdict| matches!(verdict, Err(LogError::Unavailable(_))));
            if unknown || (refused && insists) {
                if self.stopped() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
            match (&mut chain[..], &verdicts[0]) {
                ([command], Ok(AppendOutcome::Conflict { .. })) if insists && conflicts < 5 => {
                    conflicts += 1;
                    self.load(&command.stream).await;
                    command.expected_version = self.version(&command.stream);
                }
                _ => return,
            }
        }
    }

    /// Appends a chain once, and writes down what it was told.
    pub async fn attempt(&self, chain: &[Append]) -> Vec<Result<AppendOutcome, LogError>> {
        let ids: Vec<Uuid> = chain.iter().map(|_| Uuid::now_v7()).collect();
        for (id, append) in ids.iter().zip(chain) {
            self.record(&Record::Append {
                id: *id,
                command_id: append.command_id,
                stream: append.stream.to_string(),
                expected_version: append.expected_version,
                values: append.events.iter().map(|event| event.payload.get().to_owned()).collect(),
            });
        }
        let verdicts = self.log.append_chain(chain.to_vec()).await;
        for ((id, append), verdict) in ids.iter().zip(chain).zip(&verdicts) {
            let answer = match verdict {
                Ok(AppendOutcome::Appended(appended)) => {
                    self.learn(&append.stream, appended.version);
                    Answer::Appended { position: appended.position.0, version: appended.version }
                }
                Ok(AppendOutcome::Conflict { actual_version }) => {
                    // Whatever was thought before: a log that loses falls back.
                    self.versions.lock().unwrap().insert(append.stream.clone(), *actual_version);
                    Answer::Conflict { actual_version: *actual_version }
                }
                Ok(AppendOutcome::AlreadyDone) => Answer::AlreadyDone,
                Err(LogError::Unavailable(_)) => Answer::Refused,
                Err(LogError::Unknown(_)) => Answer::Unknown,
                Err(error) => panic!("a good append was told: {error}"),
            };
            self.record(&Record::Answered { id: *id, answer });
        }
        verdicts
    }

    async fn load(&self, stream: &StreamId) {
        let (id, after_version) = (Uuid::now_v7(), self.version(stream));
        self.record(&Record::Load { id, stream: stream.to_string(), after_version });
        match self.log.load(stream, after_version).await {
            Ok(events) => {
                let values = events.iter().map(|event| event.payload.get().to_owned()).collect();
                self.record(&Record::Answered { id, answer: Answer::Loaded(values) });
                self.learn(stream, after_version + events.len() as u64);
            }
            Err(LogError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("a load was told: {error}"),
        }
    }

    fn record(&self, record: &Record) {
        self.history.record(record).unwrap();
    }
}

/// A new command whose events are like no others.
pub fn command(stream: &StreamId, expected_version: u64, events: usize) -> Append {
    let mut append = some_events(stream, expected_version, 0);
    let id = append.command_id.simple();
    append.events = (0..events).map(|index| event(&format!("\"{id}.{index}\""))).collect();
    append
}
