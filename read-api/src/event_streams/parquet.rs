//! Events as a Parquet file: typed columns, zstd, row groups in the order of the replay.

use std::{
    io::Write,
    sync::{Arc, LazyLock},
};

use agrodeep_event_store::{Position, RecordedEvent, Replay};
use futures::Stream;
use parquet::{
    basic::Compression,
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::SerializedFileWriter,
    },
    schema::{parser::parse_message_type, types::TypePtr},
};
use tokio_util::sync::CancellationToken;

use super::{
    Open,
    view::{EventView, Unshowable, Viewer},
};

/// The columns are the members of the JSON that other forms have; `data` is JSON, and `masked` pointers with blanks between.
const SCHEMA: &str = "message event {
    required int64 position;
    required binary event_id (STRING);
    required binary stream (STRING);
    required binary subject (STRING);
    required int64 version;
    required binary type (STRING);
    required binary event_version (STRING);
    required int64 occurred_at (TIMESTAMP(MICROS, true));
    required int64 recorded_at (TIMESTAMP(MICROS, true));
    required binary actor (STRING);
    required binary causation_id (STRING);
    required binary correlation_id (STRING);
    optional binary traceparent (STRING);
    required binary command_id (STRING);
    optional binary masked (STRING);
    required binary data (JSON);
}";

/// A row group ends with the event with which it has so many, or so many bytes.
const GROUP_ROWS: usize = 50_000;
const GROUP_BYTES: usize = 8 * 1024 * 1024;

static COLUMNS: LazyLock<Result<TypePtr, ParquetError>> =
    LazyLock::new(|| parse_message_type(SCHEMA).map(Arc::new));

/// Why events do not become a file.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The event is not as the log stores events.
    #[error(transparent)]
    Unshowable(#[from] Unshowable),
    /// It could not be written.
    #[error("writing Parquet: {0}")]
    Parquet(#[from] ParquetError),
}

/// A column of texts, one after the other.
#[derive(Default)]
struct Texts(Vec<ByteArray>);

impl Texts {
    fn push(&mut self, text: impl AsRef<[u8]>) {
        self.0.push(text.as_ref().to_vec().into());
    }
}

/// A column of texts that may be missing.
#[derive(Default)]
struct OptionalTexts {
    texts: Texts,
    levels: Vec<i16>,
}

impl OptionalTexts {
    fn push(&mut self, text: Option<impl AsRef<[u8]>>) {
        self.levels.push(i16::from(text.is_some()));
        if let Some(text) = text {
            self.texts.push(text);
        }
    }
}

/// The rows of the row group that is next.
#[derive(Default)]
struct Rows {
    count: usize,
    bytes: usize,
    position: Vec<i64>,
    event_id: Texts,
    stream: Texts,
    subject: Texts,
    version: Vec<i64>,
    event_type: Texts,
    event_version: Texts,
    occurred_at: Vec<i64>,
    recorded_at: Vec<i64>,
    actor: Texts,
    causation_id: Texts,
    correlation_id: Texts,
    traceparent: OptionalTexts,
    command_id: Texts,
    masked: OptionalTexts,
    data: Texts,
}

impl Rows {
    fn push(&mut self, view: &EventView<'_>) {
        self.count += 1;
        // What the other columns take, about.
        self.bytes += view.data.get().len() + 400;
        self.position.push(view.position.0);
        self.event_id.push(view.event_id.to_string());
        self.stream.push(&view.stream);
        self.subject.push(&view.subject);
        self.version.push(view.version as i64);
        self.event_type.push(view.event_type);
        self.event_version.push(view.event_version);
        self.occurred_at.push(view.occurred_at.timestamp_micros());
        self.recorded_at.push(view.recorded_at.timestamp_micros());
        self.actor.push(view.actor);
        self.causation_id.push(view.causation_id.to_string());
        self.correlation_id.push(view.correlation_id.to_string());
        self.traceparent.push(view.traceparent);
        self.command_id.push(view.command_id.to_string());
        self.masked.push((!view.masked.is_empty()).then(|| view.masked.join(" ")));
        self.data.push(view.data.get());
    }
}

/// A Parquet file of events that is being written.
pub struct EventTable<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    rows: Rows,
}

impl<W: Write + Send> EventTable<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn new(to: W) -> Result<Self, TableError> {
        let columns = COLUMNS.as_ref().map_err(|error| ParquetError::General(error.to_string()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()))
            .set_created_by(format!("agrodeep {}", env!("CARGO_PKG_VERSION")))
            .set_column_dictionary_enabled("position".into(), false)
            .set_column_dictionary_enabled("event_id".into(), false)
            .set_column_dictionary_enabled("data".into(), false)
            .set_column_statistics_enabled("data".into(), EnabledStatistics::None)
            .build();
        let writer = SerializedFileWriter::new(to, columns.clone(), Arc::new(properties))?;
        Ok(Self { writer, rows: Rows::default() })
    }

    /// Adds events, as far as `viewer` shows them. Takes computing, not time: call it where that does no harm.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn write(&mut self, viewer: &Viewer, events: &[RecordedEvent]) -> Result<(), TableError> {
        for event in events {
            self.rows.push(&viewer.view(event)?);
            if self.rows.count >= GROUP_ROWS || self.rows.bytes >= GROUP_BYTES {
                self.write_group()?;
            }
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), TableError> {
        // Without `..`: a column that is not written does not compile.
        let Rows {
            count,
            bytes: _,
            position,
            event_id,
            stream,
            subject,
            version,
            event_type,
            event_version,
            occurred_at,
            recorded_at,
            actor,
            causation_id,
            correlation_id,
            traceparent,
            command_id,
            masked,
            data,
        } = std::mem::take(&mut self.rows);
        if count == 0 {
            return Ok(());
        }
        let columns = [
            Column::Numbers(position),
            Column::Texts(event_id),
            Column::Texts(stream),
            Column::Texts(subject),
            Column::Numbers(version),
            Column::Texts(event_type),
            Column::Texts(event_version),
            Column::Numbers(occurred_at),
            Column::Numbers(recorded_at),
            Column::Texts(actor),
            Column::Texts(causation_id),
            Column::Texts(correlation_id),
            Column::OptionalTexts(traceparent),
            Column::Texts(command_id),
            Column::OptionalTexts(masked),
            Column::Texts(data),
        ];
        let mut group = self.writer.next_row_group()?;
        for column in columns {
            let mut writer = group.next_column()?.ok_or_else(|| {
                ParquetError::General("there are more columns than the schema has".to_owned())
            })?;
            match (writer.untyped(), column) {
                (ColumnWriter::Int64ColumnWriter(writer), Column::Numbers(values)) => {
                    writer.write_batch(&values, None, None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), Column::Texts(Texts(values))) => {
                    writer.write_batch(&values, None, None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), Column::OptionalTexts(column)) => {
                    writer.write_batch(&column.texts.0, Some(&column.levels), None)?;
                }
                _ => {
                    return Err(
                        ParquetError::General("the columns are not those of the schema".to_owned()).into()
                    );
                }
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes what is left, and the end, without which it is no file.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn finish(mut self) -> Result<W, TableError> {
        self.write_group()?;
        Ok(self.writer.into_inner()?)
    }
}

impl EventTable<Vec<u8>> {
    /// What has been written since this was asked last.
    fn take_written(&mut self) -> Result<Vec<u8>, TableError> {
        self.writer.flush().map_err(ParquetError::from)?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }
}

enum Column {
    Numbers(Vec<i64>),
    Texts(Texts),
    OptionalTexts(OptionalTexts),
}

/// A file under way to a client.
struct Download {
    replay: Replay,
    viewer: Viewer,
    stop: CancellationToken,
    left: u64,
    /// Not while it is being written to elsewhere, and no longer once it has ended.
    table: Option<EventTable<Vec<u8>>>,
    reached: Position,
    _open: Open,
}

/// The bytes of a file of a replay's events, at most `limit` of them. An error cuts it: a file without its end cannot be read.
pub(crate) fn file(
    replay: Replay,
    viewer: Viewer,
    limit: Option<u64>,
    stop: CancellationToken,
    open: Open,
) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>>, TableError> {
    let reached = replay.selection().after;
    let table = Some(EventTable::new(Vec::new())?);
    let left = limit.unwrap_or(u64::MAX);
    let download = Download { replay, viewer, stop, left, table, reached, _open: open };
    Ok(futures::stream::unfold(Some(download), |download| async move {
        let mut download = download?;
        match download.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(download))),
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, after = download.reached.0, "a file of events was cut");
                Some((Err(error), None))
            }
        }
    }))
}

impl Download {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, std::io::Error> {
        loop {
            let Some(mut table) = self.table.take() else { return Ok(None) };
            let mut part = tokio::select! {
                () = self.stop.cancelled() => return Err(std::io::Error::other("the service is stopping")),
                part = self.replay.next() => part.map_err(std::io::Error::other)?,
            };
            part.events.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= part.events.len() as u64;
            self.reached = part.reached;
            let is_last = part.is_end || self.left == 0;
            let viewer = self.viewer.clone();
            let written = tokio::task::spawn_blocking(move || {
                table.write(&viewer, &part.events)?;
                if is_last {
                    return Ok((table.finish()?, None));
                }
                let bytes = table.take_written()?;
                Ok::<_, TableError>((bytes, Some(table)))
            });
            let (bytes, table) =
                written.await.map_err(std::io::Error::other)?.map_err(std::io::Error::other)?;
            self.table = table;
            if !bytes.is_empty() || is_last {
                return Ok(Some(bytes));
            }
        }
    }
}
