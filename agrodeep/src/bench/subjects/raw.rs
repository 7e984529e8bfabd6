//! What a single-row `INSERT … COMMIT` costs: prepared, one connection a writer, the columns of postgres-es, nothing
//! loaded, nothing decided, no version to respect.

use anyhow::Context;
use async_trait::async_trait;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::new_schema;
use crate::bench::{
    note::{LineAdded, NoteEvent, line},
    workload::Subject,
};

pub struct Raw {
    /// One a writer.
    connections: Vec<(Client, Statement)>,
}

const TABLE: &str = "create table raw.events (
    aggregate_type text not null, aggregate_id text not null, sequence bigserial not null, event_type text not null,
    event_version text not null, payload json not null, metadata json not null,
    primary key (aggregate_type, aggregate_id, sequence))";

const INSERT: &str =
    "insert into raw.events (aggregate_type, aggregate_id, event_type, event_version, payload, metadata)
    values ('note', $1, 'LineAdded', '1', $2::text::json, $3::text::json)";

impl Raw {
    /// For at most `writers`.
    pub async fn open(url: &str, writers: usize) -> anyhow::Result<Self> {
        new_schema(url, "raw").await?;
        let mut connections = Vec::new();
        for index in 0..writers {
            let (client, connection) =
                tokio_postgres::connect(url, NoTls).await.context("a connection a writer")?;
            tokio::spawn(connection);
            if index == 0 {
                client.batch_execute(TABLE).await?;
            }
            let statement = client.prepare(INSERT).await?;
            connections.push((client, statement));
        }
        Ok(Self { connections })
    }
}

#[async_trait]
impl Subject for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    async fn add_line(&self, writer: usize, note: Uuid) -> anyhow::Result<()> {
        let (client, statement) = self.connections.get(writer).context("no connection for this writer")?;
        let event: NoteEvent = LineAdded { number: 1, text: line().text }.into();
        let payload = serde_json::to_string(&event)?;
        let metadata =
            format!(r#"{{"actor":"system:bench","correlation_id":"{note}","causation_id":"{note}"}}"#);
        client.execute(statement, &[&note.to_string(), &payload, &metadata]).await?;
        Ok(())
    }
}
