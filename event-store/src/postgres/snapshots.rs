//! States of streams, in the table `snapshots`.

use async_trait::async_trait;
use serde_json::value::RawValue;
use tokio_postgres::{Row, types::ToSql};

use super::{
    PostgresLog,
    append::JsonText,
    read::{self, column, recorded_event, unavailable},
};
use crate::{LogError, RecordedEvent, Resumed, Snapshot, Snapshots, StreamId};

/// After the columns of an event come those of the state that was taken after it, if one was.
const VERSION: usize = 11;

#[async_trait]
impl Snapshots for PostgresLog {
    async fn resume(&self, stream: &StreamId, form: u32) -> Result<Resumed, LogError> {
        let id = stream.aggregate_id.to_string();
        let form_number = form.cast_signed();
        let parameters: [&(dyn ToSql + Sync); 3] = [&&*stream.aggregate_type, &id, &form_number];
        let era = self.reader.loading.era();
        let rows = read::rows(&self.reader.loading, |session| &session.resume, &parameters).await?;
        let mut begin = None;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let event = recorded_event(row)?;
            match kept(row, stream, form, &event)? {
                Some(snapshot) => begin = Some((snapshot, event)),
                None => events.push(event),
            }
        }
        let before = begin.as_ref().map_or(0, |(snapshot, _)| snapshot.version);
        read::ensure_complete(stream, before, &events)?;
        let version = events.last().map_or(before, |event| event.version);
        self.reader.seen.note(era, (version > 0).then_some((stream, version)));
        Ok(Resumed { begin, events })
    }

    async fn keep(&self, snapshot: Snapshot) -> Result<(), LogError> {
        let id = snapshot.stream.aggregate_id.to_string();
        let session = self.reader.loading.get().await?;
        let parameters: [&(dyn ToSql + Sync); 7] = [
            &&*snapshot.stream.aggregate_type,
            &id,
            &snapshot.form.cast_signed(),
            &snapshot.version.cast_signed(),
            &snapshot.command_id,
            &JsonText(snapshot.state.get()),
            &snapshot.checksum(),
        ];
        session.client.execute(&session.keep, &parameters).await.map_err(unavailable)?;
        Ok(())
    }

    async fn forget(&self, snapshot: &Snapshot) -> Result<(), LogError> {
        let id = snapshot.stream.aggregate_id.to_string();
        let session = self.reader.loading.get().await?;
        let parameters: [&(dyn ToSql + Sync); 4] = [
            &&*snapshot.stream.aggregate_type,
            &id,
            &snapshot.form.cast_signed(),
            &snapshot.version.cast_signed(),
        ];
        session.client.execute(&session.forget, &parameters).await.map_err(unavailable)?;
        Ok(())
    }
}

/// The state that was taken after the event of this row.
fn kept(
    row: &Row,
    stream: &StreamId,
    form: u32,
    event: &RecordedEvent,
) -> Result<Option<Snapshot>, LogError> {
    let at = Some(event.position.0);
    let Some(version) = column::<Option<i64>>(row, VERSION, at)? else { return Ok(None) };
    let read::JsonText(state) = column(row, VERSION + 1, at)?;
    let checksum: &[u8] = column(row, VERSION + 2, at)?;
    // What is no JSON at all does not have the checksum of `null` either, and is found out by that.
    let state = RawValue::from_string(state.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned());
    Ok(Some(Snapshot::kept((stream, form), version.cast_unsigned(), event.command_id, state, checksum)))
}
