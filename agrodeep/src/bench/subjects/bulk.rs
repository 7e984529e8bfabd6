//! The ceiling: a bare binary `COPY` of the rows that ours writes, into a table with the same columns and indexes, on one
//! connection, batch after batch, a commit each. It loads nothing, decides nothing, and would fail on a single conflict.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use chrono::Utc;
use tokio::sync::Mutex;
use tokio_postgres::{
    Client, NoTls, Statement,
    binary_copy::BinaryCopyInWriter,
    types::{Json, Type},
};

use super::{new_schema, row::Writers};
use crate::bench::{
    contest::{Case, Contestant},
    measured::Round,
    workload::Mix,
};

pub const NAME: &str = "COPY";

/// Copies what ours would write, in batches as large as ours had in the round before.
pub struct BulkCopy(Mutex<State>);

struct State {
    client: Client,
    copy: Statement,
    /// How far ours' batches have been looked at.
    seen: i64,
    position: i64,
}

impl BulkCopy {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        new_schema(url, "copied").await?;
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute("create table copied.events (like public.events including all)").await?;
        let seen = client.query_one("select position from public.log_head", &[]).await?.get(0);
        let copy = client
            .prepare(
                "copy copied.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
                 position, event_id, command_id, recorded_at) from stdin binary",
            )
            .await?;
        Ok(Self(Mutex::new(State { client, copy, seen, position: 0 })))
    }
}

#[async_trait]
impl Contestant for BulkCopy {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn round(&self, case: Case, duration: Duration) -> anyhow::Result<Round> {
        ensure!(case.mix == Mix::Distinct, "COPY knows no aggregates that somebody else writes to");
        let mut state = self.0.lock().await;
        let batch = state.batch_of_ours().await?;
        let rows = (batch.round() as usize).max(1);
        let mut writers = Writers::new(case.writers);
        let began = Instant::now();
        let mut copied = 0;
        while began.elapsed() < duration {
            state.copy(rows, &mut writers).await?;
            copied += rows;
        }
        let per_second = copied as f64 / began.elapsed().as_secs_f64();
        Ok(Round { commands: copied, per_second, took: None, batch: Some(batch) })
    }
}

impl State {
    /// The mean size of the batches that ours has committed since this was last asked: rows of one (sub)transaction were
    /// written by one statement.
    async fn batch_of_ours(&mut self) -> anyhow::Result<f64> {
        let row = self
            .client
            .query_one(
                "select count(*)::float8 / nullif(count(distinct xmin::text), 0), max(position) \
                 from public.events where position > $1",
                &[&self.seen],
            )
            .await?;
        let batch: Option<f64> = row.get(0);
        let batch = batch.context("ours has to be measured before COPY is: its batches' size is needed")?;
        self.seen = row.get(1);
        Ok(batch)
    }

    async fn copy(&mut self, rows: usize, writers: &mut Writers) -> anyhow::Result<()> {
        const TYPES: [Type; 11] = [
            Type::TEXT,
            Type::TEXT,
            Type::INT8,
            Type::TEXT,
            Type::TEXT,
            Type::JSON,
            Type::JSON,
            Type::INT8,
            Type::UUID,
            Type::UUID,
            Type::TIMESTAMPTZ,
        ];
        let sink = self.client.copy_in(&self.copy).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &TYPES));
        let now = Utc::now();
        for _ in 0..rows {
            self.position += 1;
            let row = writers.next_row()?;
            writer
                .as_mut()
                .write(&[
                    &"note",
                    &row.note,
                    &row.number,
                    &"LineAdded",
                    &"1",
                    &Json(&*row.payload),
                    &Json(&*row.metadata),
                    &self.position,
                    &row.command,
                    &row.command,
                    &now,
                ])
                .await?;
        }
        writer.finish().await?;
        Ok(())
    }
}
