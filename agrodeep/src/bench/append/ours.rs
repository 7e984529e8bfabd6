//! The house's own command path.

use std::sync::Arc;

use agrodeep_commands::{CommandContext, ExecuteError, Executor};
use agrodeep_domain::Actor;
use agrodeep_event_store::postgres::{LogLimits, PostgresLog};
use async_trait::async_trait;
use chrono::Utc;
use uuid::Uuid;

use super::Subject;
use crate::bench::note::{Note, line};

pub struct Ours {
    executor: Executor,
}

impl Ours {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let log = PostgresLog::open(url, LogLimits::default()).await?;
        Ok(Self { executor: Executor::new(Arc::new(log)) })
    }
}

#[async_trait]
impl Subject for Ours {
    fn name(&self) -> &'static str {
        "agrodeep"
    }

    async fn add_line(&self, note: Uuid) -> anyhow::Result<()> {
        loop {
            let context = CommandContext::new(Actor::system("bench"), Utc::now());
            match self.executor.execute::<Note>(note, line(), context).await {
                Ok(_) => return Ok(()),
                Err(ExecuteError::Contended) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
