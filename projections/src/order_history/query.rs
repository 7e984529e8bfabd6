use agrodeep_domain::OrderId;
use agrodeep_event_store::{Metadata, Position, RecordedEvent, StreamId};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;

use super::HistoryEntry;
use crate::{
    ReadError, ReadModels,
    row::{get, json, version},
};

impl ReadModels {
    /// At most `limit` events that concern an order, after position `after`, in the order of the log.
    pub async fn order_history(
        &self,
        order_id: OrderId,
        after: Position,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, ReadError> {
        let rows = sqlx::query(
            "select * from order_history where order_id = $1 and position > $2 order by position limit $3",
        )
        .bind(order_id.uuid())
        .bind(after.0)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok(HistoryEntry { order_id, event: event(row)? })).collect()
    }
}

fn event(row: &PgRow) -> Result<RecordedEvent, ReadError> {
    Ok(RecordedEvent {
        position: Position(get(row, "position")?),
        event_id: get(row, "event_id")?,
        stream: StreamId::new(
            get::<String>(row, "aggregate_type")?,
            get::<sqlx::types::Uuid>(row, "aggregate_id")?,
        ),
        version: version(row)?,
        event_type: get(row, "event_type")?,
        event_version: get(row, "event_version")?,
        payload: RawValue::from_string(get(row, "payload")?)
            .map_err(|e| ReadError::Damaged(format!("payload: {e}")))?,
        metadata: Metadata {
            actor: get(row, "actor")?,
            correlation_id: get(row, "correlation_id")?,
            causation_id: get(row, "causation_id")?,
            traceparent: get(row, "traceparent")?,
            occurred_at: get(row, "occurred_at")?,
            other: json(row, "metadata")?,
        },
        command_id: get(row, "command_id")?,
        recorded_at: get(row, "recorded_at")?,
    })
}
