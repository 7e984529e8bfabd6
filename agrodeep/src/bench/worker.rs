//! `agrodeep bench worker`: one of the processes that `bench processes` starts. Says `ready`, waits for a line, writes for a
//! while, and tells in one line what it was told.

use std::{
    io::BufRead,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use clap::Args;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    contest::WARM_UP,
    subjects::ours::Ours,
    workload::{Subject, drive},
};

/// One of the processes that `bench processes` starts
#[derive(Args, Debug)]
pub struct Worker {
    #[arg(long)]
    database_url: String,
    #[arg(long)]
    writers: usize,
    #[arg(long)]
    seconds: u64,
    /// The aggregates that all processes share; none: everybody writes on aggregates of their own
    #[arg(long, value_delimiter = ',')]
    hot: Vec<Uuid>,
}

/// The line that it ends with.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// Commands that were acknowledged, the warm-up's as well.
    pub acknowledged: u64,
    /// Sums over all acknowledged commands of where they were said to stand. Wrapping.
    pub positions: u64,
    pub versions: u64,
    /// How long each command took that counts, in microseconds.
    pub micros: Vec<u32>,
    /// How long it was until the last was answered.
    pub elapsed: Duration,
}

impl Worker {
    pub async fn run(self) -> anyhow::Result<()> {
        let counted = Arc::new(Counted {
            ours: Ours::open(&self.database_url).await?,
            acknowledged: AtomicU64::new(0),
            positions: AtomicU64::new(0),
            versions: AtomicU64::new(0),
        });
        let subject: Arc<dyn Subject> = counted.clone();
        drive(&subject, &self.hot, self.writers, WARM_UP).await?;
        println!("ready");
        tokio::task::spawn_blocking(|| std::io::stdin().lock().read_line(&mut String::new())).await??;
        let (latencies, elapsed) =
            drive(&subject, &self.hot, self.writers, Duration::from_secs(self.seconds)).await?;
        let told = Told {
            acknowledged: counted.acknowledged.load(Ordering::Relaxed),
            positions: counted.positions.load(Ordering::Relaxed),
            versions: counted.versions.load(Ordering::Relaxed),
            micros: latencies.as_micros().to_vec(),
            elapsed,
        };
        println!("{}", serde_json::to_string(&told)?);
        Ok(())
    }
}

/// Ours, keeping account of what it was told.
struct Counted {
    ours: Ours,
    acknowledged: AtomicU64,
    positions: AtomicU64,
    versions: AtomicU64,
}

#[async_trait]
impl Subject for Counted {
    fn name(&self) -> &'static str {
        self.ours.name()
    }

    async fn add_line(&self, _: usize, note: Uuid) -> anyhow::Result<()> {
        let executed = self.ours.add(note).await?;
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        self.positions.fetch_add(executed.position.0 as u64, Ordering::Relaxed);
        self.versions.fetch_add(executed.version, Ordering::Relaxed);
        Ok(())
    }
}
