//! The house's own command path.

use std::sync::Arc;

use agrodeep_commands::{CommandContext, ExecuteError, Executed, Executor};
use agrodeep_domain::Actor;
use agrodeep_event_store::postgres::{LogLimits, PostgresLog};
use async_trait::async_trait;
use chrono::Utc;
use uuid::Uuid;

use crate::bench::{
    note::{Note, line},
    outcome::OURS,
    workload::Subject,
};

pub struct Ours {
    executor: Executor,
}

impl Ours {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let log = PostgresLog::open(url, LogLimits::default()).await?;
        Ok(Self { executor: Executor::new(Arc::new(log)) })
    }

    /// Adds a line, and tells where it stands.
    pub async fn add(&self, note: Uuid) -> anyhow::Result<Executed<Note>> {
        loop {
            let context = CommandContext::new(Actor::system("bench"), Utc::now());
            match self.executor.execute::<Note>(note, line(), context).await {
                Ok(executed) => return Ok(executed),
                Err(ExecuteError::Contended) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[async_trait]
impl Subject for Ours {
    fn name(&self) -> &'static str {
        OURS
    }

    async fn add_line(&self, _: usize, note: Uuid) -> anyhow::Result<()> {
        self.add(note).await.map(drop)
    }
}
