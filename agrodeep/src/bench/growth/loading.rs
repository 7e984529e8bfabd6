//! How fast streams of ten events are loaded.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agrodeep_domain::Aggregate;
use agrodeep_event_store::{
    EventLog, SharedLog, StreamId,
    postgres::{LogLimits, PostgresLog},
};
use anyhow::ensure;
use rand::Rng;
use uuid::Uuid;

use super::fill::{EVENTS_PER_STREAM, Filled, stream_id};
use crate::bench::{durations::Latencies, measured::Round, note::Note};

/// How many load at the same time.
pub const READERS: usize = 16;

/// How many streams are loaded again and again.
const KNOWN: u64 = 1_000;

/// Loads the streams of a filled log.
pub struct Loader {
    log: SharedLog,
    filled: Filled,
}

impl Loader {
    pub async fn open(url: &str, filled: Filled) -> anyhow::Result<Self> {
        let log: SharedLog = Arc::new(PostgresLog::open(url, LogLimits::default()).await?);
        let loader = Self { log, filled };
        for number in 0..KNOWN {
            load(&*loader.log, loader.known(number)).await?;
        }
        Ok(loader)
    }

    /// One of the known streams: they lie all over the log.
    fn known(&self, number: u64) -> Uuid {
        stream_id(number * self.filled.streams / KNOWN)
    }

    /// Streams that lie anywhere in the log.
    pub async fn load_anywhere(&self, duration: Duration) -> anyhow::Result<Round> {
        let streams = self.filled.streams;
        self.load_for(duration, move |_| stream_id(rand::rng().random_range(0..streams))).await
    }

    /// Always the same streams.
    pub async fn load_again(&self, duration: Duration) -> anyhow::Result<Round> {
        self.load_for(duration, |loader| loader.known(rand::rng().random_range(0..KNOWN))).await
    }

    async fn load_for(
        &self,
        duration: Duration,
        next: impl Fn(&Self) -> Uuid + Copy + Send + Sync + 'static,
    ) -> anyhow::Result<Round> {
        let began = Instant::now();
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let loader = Self { log: self.log.clone(), filled: self.filled };
                tokio::spawn(async move {
                    let mut latencies = Latencies::default();
                    while began.elapsed() < duration {
                        let asked = Instant::now();
                        load(&*loader.log, next(&loader)).await?;
                        latencies.record(asked.elapsed());
                    }
                    anyhow::Ok(latencies)
                })
            })
            .collect();
        let mut all = Latencies::default();
        for reader in readers {
            all.merge(reader.await??);
        }
        Ok(Round::of(all, began.elapsed()))
    }
}

async fn load(log: &dyn EventLog, note: Uuid) -> anyhow::Result<()> {
    let events = log.load(&StreamId::new(Note::TYPE, note), 0).await?;
    ensure!(events.len() as u64 == EVENTS_PER_STREAM, "stream {note} has {} events", events.len());
    Ok(())
}
