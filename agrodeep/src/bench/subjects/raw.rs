//! What a single-row `INSERT … COMMIT` costs: the rows that ours writes, into a table with the same columns and indexes,
//! prepared, one connection a writer. Nothing is loaded, nothing decided, and no version respected: versions and positions come
//! from sequences.

use anyhow::Context;
use async_trait::async_trait;
use tokio_postgres::{Client, NoTls, Statement, types::Json};
use uuid::Uuid;

use super::{new_schema, row::Row};
use crate::bench::workload::Subject;

pub struct Raw {
    /// One a writer.
    connections: Vec<(Client, Statement)>,
}

const TABLE: &str = "create table raw.events (like public.events including all);
    create sequence raw.versions cache 100;
    create sequence raw.positions cache 100;
    alter table raw.events alter column sequence set default nextval('raw.versions'),
                           alter column position set default nextval('raw.positions')";

const INSERT: &str = "insert into raw.events
        (aggregate_type, aggregate_id, event_type, event_version, payload, metadata, event_id, command_id)
    values ('note', $1, 'LineAdded', '1', $2, $3, $4, $4)";

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
        let row = Row::new(note.to_string(), 1)?;
        client
            .execute(statement, &[&row.note, &Json(&*row.payload), &Json(&*row.metadata), &row.command])
            .await?;
        Ok(())
    }
}
