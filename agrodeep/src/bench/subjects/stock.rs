//! Stock postgres-es: `CqrsFramework` on `PostgresEventRepository`, in a schema of its own.

use std::collections::HashMap;

use async_trait::async_trait;
use cqrs_es::{AggregateError, CqrsFramework, persist::PersistedEventStore};
use postgres_es::{PostgresCqrs, PostgresEventRepository};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use super::new_schema;
use crate::bench::{
    note::{Note, line},
    workload::Subject,
};

pub struct Stock {
    framework: PostgresCqrs<Note>,
}

/// As many as its own `default_postgress_pool` opens.
const CONNECTIONS: u32 = 10;

/// The table as postgres-es 0.5 has it.
const TABLE: &str = "create table events (
    aggregate_type text not null, aggregate_id text not null, sequence bigint check (sequence >= 0) not null,
    event_type text not null, event_version text not null, payload json not null, metadata json not null,
    primary key (aggregate_type, aggregate_id, sequence))";

impl Stock {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        new_schema(url, "stock").await?;
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(options.options([("search_path", "stock")]))
            .await?;
        sqlx::query(TABLE).execute(&pool).await?;
        let store = PersistedEventStore::new_event_store(PostgresEventRepository::new(pool));
        Ok(Self { framework: CqrsFramework::new(store, vec![], ()) })
    }
}

#[async_trait]
impl Subject for Stock {
    fn name(&self) -> &'static str {
        "postgres-es"
    }

    async fn add_line(&self, _: usize, note: Uuid) -> anyhow::Result<()> {
        loop {
            // The same envelope as ours carries.
            let metadata = HashMap::from([
                ("actor".to_owned(), "system:bench".to_owned()),
                ("correlation_id".to_owned(), Uuid::now_v7().to_string()),
                ("causation_id".to_owned(), Uuid::now_v7().to_string()),
                ("occurred_at".to_owned(), chrono::Utc::now().to_rfc3339()),
            ]);
            match self.framework.execute_with_metadata(&note.to_string(), line(), metadata).await {
                Ok(()) => return Ok(()),
                Err(AggregateError::AggregateConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
