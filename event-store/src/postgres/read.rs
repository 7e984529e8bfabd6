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
        let Ok(after) = i64::try_from(after_version) else { return Ok(vec![]) };
        let id = stream.aggregate_id.to_string();
        let parameters: [&(dyn ToSql + Sync); 3] = [&&*stream.aggregate_type, &id, &after];
        let era = self.loading.era();
        let events = query(&self.loading, |session| &session.load, &parameters).await?;
        ensure_complete(stream, after_version, &events)?;
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
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        query(&self.reading, |session| &session.read, &[&after.0, &limit]).await
    }

    pub async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        query(&self.reading, |session| &session.read_back, &[&before.0, &limit]).await
    }

    /// What nobody appends on: versions that were seen here are not noted.
    pub async fn load_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let Ok(after) = i64::try_from(after_version) else { return Ok(vec![]) };
        let (id, limit) = (stream.aggregate_id.to_string(), i64::try_from(limit).unwrap_or(i64::MAX));
        let parameters: [&(dyn ToSql + Sync); 4] = [&&*stream.aggregate_type, &id, &after, &limit];
        let events = query(&self.reading, |session| &session.load_page, &parameters).await?;
        ensure_complete(stream, after_version, &events)?;
        Ok(events)
    }

    pub async fn head(&self) -> Result<Position, LogError> {
        let session = self.reading.get().await?;
        let row = session.client.query_one(&session.head, &[]).await.map_err(unavailable)?;
        Ok(Position(row.get(0)))
    }
}

/// That no version is missing among the `events` after `before`.
pub(super) fn ensure_complete(
    stream: &StreamId,
    before: u64,
    events: &[RecordedEvent],
) -> Result<(), LogError> {
    for (expected, event) in (before + 1..).zip(events) {
        if event.version != expected {
            return Err(LogError::Corrupt(format!("{stream} has no version {expected}")));
        }
    }
    Ok(())
}

pub(super) async fn query(
    sessions: &Sessions,
    statement: impl Fn(&Session) -> &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<RecordedEvent>, LogError> {
    rows(sessions, statement, parameters).await?.iter().map(recorded_event).collect()
}

pub(super) async fn rows(
    sessions: &Sessions,
    statement: impl Fn(&Session) -> &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, LogError> {
    // Reading does nothing, so a connection that ended meanwhile is worth one more try.
    let mut session = sessions.get().await?;
    let mut answer = session.client.query(statement(&session), parameters).await;
    if answer.as_ref().is_err_and(|error| error.is_closed() || error.as_db_error().is_none()) {
        session = sessions.get().await?;
        answer = session.client.query(statement(&session), parameters).await;
    }
    answer.map_err(unavailable)
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn unavailable(error: tokio_postgres::Error) -> LogError {
    LogError::Unavailable(describe(&error))
}

/// JSON as its text, byte for byte.
pub(super) struct JsonText<'a>(pub &'a str);

impl<'a> FromSql<'a> for JsonText<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }
}

pub(super) fn recorded_event(row: &Row) -> Result<RecordedEvent, LogError> {
    let position: i64 = column(row, 0, None)?;
    let corrupt = |what: &str, error: &dyn std::fmt::Display| damaged(what, position, error);
    let at = Some(position);
    let JsonText(payload) = column(row, 7, at)?;
    let JsonText(metadata) = column(row, 8, at)?;
    Ok(RecordedEvent {
        position: Position(position),
        event_id: column(row, 1, at)?,
        stream: StreamId::new(column::<&str>(row, 2, at)?, column::<&str>(row, 3, at)?),
        version: column::<i64>(row, 4, at)? as u64,
        event_type: column(row, 5, at)?,
        event_version: column(row, 6, at)?,
        payload: RawValue::from_string(payload.to_owned()).map_err(|error| corrupt("payload", &error))?,
        metadata: serde_json::from_str(metadata).map_err(|error| corrupt("metadata", &error))?,
        command_id: column(row, 9, at)?,
        recorded_at: column(row, 10, at)?,
    })
}

/// What a column holds. Not everything that Postgres can store has a value here: a time may be infinite.
pub(super) fn column<'a, T: FromSql<'a>>(
    row: &'a Row,
    index: usize,
    position: Option<i64>,
) -> Result<T, LogError> {
    row.try_get(index).map_err(|error| {
        let name = row.columns().get(index).map_or("?", |column| column.name());
        damaged(name, position.unwrap_or_default(), &error)
    })
}

pub(super) fn damaged(what: &str, position: i64, error: &dyn std::fmt::Display) -> LogError {
    LogError::Corrupt(format!("the {what} of the event at position {position}: {error}"))
}
