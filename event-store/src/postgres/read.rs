//! Reading the log.

use serde_json::value::RawValue;
use tokio_postgres::{
    Row, Statement,
    types::{FromSql, ToSql, Type},
};
use uuid::Uuid;

use super::{
    seen::SeenVersions,
    session::{Session, Sessions, describe},
};
use crate::{LogError, Position, RecordedEvent, StreamId};

pub(super) struct Reader {
    /// For the whole log, in large batches.
    pub reading: Sessions,
    /// For single streams: a command that waits for its aggregate does not wait behind a replay.
    pub loading: Sessions,
    pub seen: SeenVersions,
}

impl Reader {
    pub async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        let id = stream.aggregate_id.to_string();
        let parameters: [&(dyn ToSql + Sync); 3] = [&&*stream.aggregate_type, &id, &(after_version as i64)];
        let era = self.loading.era();
        let events = query(&self.loading, |session| &session.load, &parameters).await?;
        for (expected, event) in (after_version + 1..).zip(&events) {
            if event.version != expected {
                return Err(LogError::Corrupt(format!("{stream} has no version {expected}")));
            }
        }
        self.seen.note(era, events.last().map(|event| (stream, event.version)));
        Ok(events)
    }

    pub async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let mut events = query(&self.loading, |session| &session.find_command, &[&command_id]).await?;
        events.retain(|event| event.stream == *stream);
        Ok(events)
    }

    pub async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        query(&self.reading, |session| &session.read, &[&after.0, &(limit as i64)]).await
    }

    pub async fn head(&self) -> Result<Position, LogError> {
        let session = self.reading.get().await?;
        let row = session.client.query_one(&session.head, &[]).await.map_err(unavailable)?;
        Ok(Position(row.get(0)))
    }
}

async fn query(
    sessions: &Sessions,
    statement: impl Fn(&Session) -> &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<RecordedEvent>, LogError> {
    // Reading does nothing, so a connection that ended meanwhile is worth one more try.
    let mut session = sessions.get().await?;
    let mut answer = session.client.query(statement(&session), parameters).await;
    if answer.as_ref().is_err_and(|error| error.is_closed() || error.as_db_error().is_none()) {
        session = sessions.get().await?;
        answer = session.client.query(statement(&session), parameters).await;
    }
    answer.map_err(unavailable)?.iter().map(recorded_event).collect()
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unavailable(error: tokio_postgres::Error) -> LogError {
    LogError::Unavailable(describe(&error))
}

/// JSON as its text, byte for byte.
struct JsonText<'a>(&'a str);

impl<'a> FromSql<'a> for JsonText<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }
}

fn recorded_event(row: &Row) -> Result<RecordedEvent, LogError> {
    let position: i64 = row.get(0);
    let corrupt = |what: &str, error: &dyn std::fmt::Display| {
        LogError::Corrupt(format!("the {what} of the event at position {position}: {error}"))
    };
    let JsonText(payload) = row.get(7);
    let JsonText(metadata) = row.get(8);
    Ok(RecordedEvent {
        position: Position(position),
        event_id: row.get(1),
        stream: StreamId::new(row.get::<_, &str>(2), row.get::<_, &str>(3)),
        version: row.get::<_, i64>(4) as u64,
        event_type: row.get(5),
        event_version: row.get(6),
        payload: RawValue::from_string(payload.to_owned()).map_err(|error| corrupt("payload", &error))?,
        metadata: serde_json::from_str(metadata).map_err(|error| corrupt("metadata", &error))?,
        command_id: row.get(9),
        recorded_at: row.get(10),
    })
}
