//! The events of an application that uses `postgres-es`, as a source.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio_postgres::{IsolationLevel, NoTls, Row};
use uuid::Uuid;

use super::Source;
use crate::{
    LogError, Position, RecordedEvent, StreamId,
    cqrs::metadata::{read_map, told_time, with_defaults},
    postgres::describe,
};

/// Under which the commands of such events have their ids: version 5 of type, id and sequence, separated by NUL.
const COMMANDS: Uuid = Uuid::from_u128(0x6f0c_2d4b_7e15_5a9c_b3d8_1f42_a6e7_90c5);

const BATCH_EVENTS: i32 = 2000;

/// In which order the events go into the log: their table has no order across aggregates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventOrder {
    /// Aggregate after aggregate, by type and id (by their bytes), each by sequence.
    #[default]
    ByAggregate,
    /// By the time that the metadata has under this key, in any form that PostgreSQL reads as `timestamptz`; no event before
    /// an earlier one of its aggregate. Events of one time come by aggregate.
    ByMetadataTime(String),
}

/// Which table, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresEsOptions {
    /// The table of the events, `events` or `schema.events`.
    pub table: String,
    /// In which order.
    pub order: EventOrder,
}

impl Default for PostgresEsOptions {
    fn default() -> Self {
        Self { table: "events".to_owned(), order: EventOrder::ByAggregate }
    }
}

/// The `events` table of `postgres-es`, all of it, as it is at one moment.
///
/// Every event becomes a command of its own, whose id is derived from stream and sequence, so that copying again goes on
/// where it was. Its metadata is kept as [`CqrsStore`](crate::cqrs::CqrsStore) keeps it. When nothing says when an event
/// happened, `occurred_at` is 1970-01-01.
///
/// Nothing may be added to the table between a copy that was stopped and the one that goes on, except events that come
/// last in the chosen order.
pub struct PostgresEsSource {
    batches: mpsc::Receiver<Result<Vec<RecordedEvent>, LogError>>,
    events: u64,
}

impl PostgresEsSource {
    /// Opens the table in the database at `url`.
    ///
    /// # Errors
    /// [`LogError::Invalid`] for an address that is none, or a table that is not there or has other columns, or metadata
    /// without the time to order by; [`LogError::Unavailable`] when nobody answers.
    pub async fn open(url: &str, options: &PostgresEsOptions) -> Result<Self, LogError> {
        let config: tokio_postgres::Config = url
            .parse()
            .map_err(|error| LogError::Invalid(format!("the address of the database: {error}")))?;
        let (client, connection) =
            config.connect(NoTls).await.map_err(|error| LogError::Unavailable(describe(&error)))?;
        tokio::spawn(connection);
        let table = quoted(&options.table);
        let invalid = |error: tokio_postgres::Error| {
            LogError::Invalid(format!("the table {}: {}", options.table, describe(&error)))
        };
        client.batch_execute("set idle_in_transaction_session_timeout = 0").await.map_err(invalid)?;
        let events: i64 =
            client.query_one(&format!("select count(*) from {table}"), &[]).await.map_err(invalid)?.get(0);
        if let EventOrder::ByMetadataTime(key) = &options.order {
            let missing = format!(
                "select aggregate_type, aggregate_id, sequence::bigint from {table} \
                 where metadata ->> $1 is null order by 1, 2, 3 limit 1"
            );
            if let Some(row) = client.query_opt(&missing, &[key]).await.map_err(invalid)? {
                let (kind, id, sequence): (&str, &str, i64) = (row.get(0), row.get(1), row.get(2));
                return Err(LogError::Invalid(format!(
                    "the metadata of {kind}-{id}, sequence {sequence}, has no time under `{key}`"
                )));
            }
        }
        let (sender, batches) = mpsc::channel(2);
        tokio::spawn(send_all(client, table, options.order.clone(), sender));
        Ok(Self { batches, events: events as u64 })
    }

    /// How many events the table had when it was opened.
    pub fn events(&self) -> u64 {
        self.events
    }
}

#[async_trait]
impl Source for PostgresEsSource {
    async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        self.batches.recv().await.unwrap_or_else(|| Ok(Vec::new()))
    }

    fn knows_when_recorded(&self) -> bool {
        false
    }
}

fn quoted(table: &str) -> String {
    let parts: Vec<_> = table.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
    parts.join(".")
}

/// In one transaction, so that all batches see the table as it was at one moment.
async fn send_all(
    mut client: tokio_postgres::Client,
    table: String,
    order: EventOrder,
    batches: mpsc::Sender<Result<Vec<RecordedEvent>, LogError>>,
) {
    let columns = "aggregate_type, aggregate_id, sequence::bigint as sequence, event_type, event_version, \
        payload::text as payload, metadata::text as metadata";
    let in_aggregate = "aggregate_type collate \"C\", aggregate_id collate \"C\", sequence";
    let query = match &order {
        EventOrder::ByAggregate => {
            format!(
                "select {columns}, null::timestamptz as at, $1::text from {table} order by {in_aggregate}"
            )
        }
        EventOrder::ByMetadataTime(_) => format!(
            "select {columns}, max((metadata ->> $1)::timestamptz) over (partition by aggregate_type, aggregate_id \
             order by sequence) as at from {table} order by at, {in_aggregate}"
        ),
    };
    let key = match &order {
        EventOrder::ByAggregate => None,
        EventOrder::ByMetadataTime(key) => Some(key.as_str()),
    };
    let sent: Result<(), tokio_postgres::Error> = async {
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let statement = transaction.prepare(&query).await?;
        let portal = transaction.bind(&statement, &[&key]).await?;
        let mut position = 0;
        loop {
            let rows = transaction.query_portal(&portal, BATCH_EVENTS).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let batch: Result<Vec<_>, _> = rows
                .iter()
                .map(|row| {
                    position += 1;
                    recorded_event(row, Position(position))
                })
                .collect();
            let damaged = batch.is_err();
            if batches.send(batch).await.is_err() || damaged {
                return Ok(());
            }
        }
    }
    .await;
    if let Err(error) = sent {
        // A receiver that has gone away does not want to know.
        let _ = batches.send(Err(LogError::Unavailable(describe(&error)))).await;
    }
}

fn recorded_event(row: &Row, position: Position) -> Result<RecordedEvent, LogError> {
    let (aggregate_type, aggregate_id): (&str, &str) = (row.get("aggregate_type"), row.get("aggregate_id"));
    let sequence: i64 = row.get("sequence");
    let corrupt = |what: &str, error: &dyn std::fmt::Display| {
        LogError::Corrupt(format!(
            "the {what} of {aggregate_type}-{aggregate_id}, sequence {sequence}: {error}"
        ))
    };
    let name = format!("{aggregate_type}\0{aggregate_id}\0{sequence}");
    let command_id = Uuid::new_v5(&COMMANDS, name.as_bytes());
    let at: Option<DateTime<Utc>> = row.get("at");
    let map = read_map(row.get("metadata")).map_err(|error| corrupt("metadata", &error))?;
    let occurred_at = at.or_else(|| told_time(&map)).unwrap_or(DateTime::UNIX_EPOCH);
    let metadata =
        with_defaults(map, command_id, occurred_at).map_err(|error| corrupt("metadata", &error))?;
    let payload: String = row.get("payload");
    Ok(RecordedEvent {
        position,
        event_id: command_id,
        stream: StreamId::new(aggregate_type, aggregate_id),
        version: u64::try_from(sequence).map_err(|error| corrupt("sequence", &error))?,
        event_type: row.get("event_type"),
        event_version: row.get("event_version"),
        payload: RawValue::from_string(payload).map_err(|error| corrupt("payload", &error))?,
        metadata,
        command_id,
        recorded_at: occurred_at,
    })
}
