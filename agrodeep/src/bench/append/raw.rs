//! What a single-row `INSERT … COMMIT` costs: prepared, one connection a writer, the columns of postgres-es, nothing
//! loaded, nothing decided, no version to respect.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::Subject;
use crate::bench::note::{LineAdded, NoteEvent, line};

pub struct Raw {
    connections: Vec<(Client, Statement)>,
    next: AtomicUsize,
}

impl Raw {
    pub async fn open(url: &str, writers: usize) -> anyhow::Result<Self> {
        let mut connections = Vec::new();
        for index in 0..writers.min(64) {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            if index == 0 {
                let table = "create schema raw; create table raw.events (aggregate_type text not null, aggregate_id text not null, \
                    sequence bigserial not null, event_type text not null, event_version text not null, payload json not null, \
                    metadata json not null, primary key (aggregate_type, aggregate_id, sequence))";
                client.batch_execute(table).await?;
            }
            let insert = "insert into raw.events (aggregate_type, aggregate_id, event_type, event_version, payload, metadata) \
                values ('note', $1, 'LineAdded', '1', $2::text::json, $3::text::json)";
            let statement = client.prepare(insert).await?;
            connections.push((client, statement));
        }
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Subject for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    async fn add_line(&self, note: Uuid) -> anyhow::Result<()> {
        // As many connections as writers: in turn, each is rarely asked by two.
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let (client, statement) = &self.connections[index];
        let event: NoteEvent = LineAdded { number: 1, text: line().text }.into();
        let payload = serde_json::to_string(&event)?;
        let metadata =
            format!(r#"{{"actor":"system:bench","correlation_id":"{note}","causation_id":"{note}"}}"#);
        client.execute(statement, &[&note.to_string(), &payload, &metadata]).await?;
        Ok(())
    }
}
