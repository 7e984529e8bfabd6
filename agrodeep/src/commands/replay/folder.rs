//! The log as Parquet files by day.
//!
//! A file is written under another name, renamed when it is whole, and counts from the moment that the manifest names it. So
//! whatever ends the command, the folder holds every event up to the manifest's position, once; what is beside that is removed
//! when it goes on.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use agrodeep_event_store::{EventFilter, Position, RecordedEvent, Replay, Selection, SharedLog};
use agrodeep_read_api::event_streams::{parquet::EventTable, view::Viewer};
use anyhow::{Context, Result, bail};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::{
    super::log::progress::{Progress, grouped, total},
    manifest::{Manifest, ManifestFile},
};
use crate::terminal::say;

/// About how many bytes of the log are read at once.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// A file ends with the day, or with so many events.
const FILE_EVENTS: u64 = 200_000;

/// Brings the folder up to date.
///
/// # Errors
/// When the log cannot be read, or the folder is of another log, or cannot be written to. Done again, it goes on.
pub async fn write(
    log: &SharedLog,
    folder: &Path,
    filter: EventFilter,
    viewer: &Viewer,
    unmasked: bool,
) -> Result<()> {
    let began = Instant::now();
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut manifest = Manifest::open(folder, &filter, !unmasked)?;
    ensure_same_log(log, &manifest).await?;
    remove_what_is_not_named(folder, &manifest)?;
    let before = manifest.events;
    let bar = Progress::begin("replaying", total(log).await);
    let selection = Selection { after: manifest.position, filter, ..Selection::default() };
    let mut replay =
        Replay::begin(log.clone(), selection, PART_BYTES).await.context("the log cannot be read")?;
    let mut file: Option<DayFile> = None;
    loop {
        let part = replay.next().await.context("the log cannot be read")?;
        // In place: encoding is most of the work, and nothing else is to be done here.
        tokio::task::block_in_place(|| {
            for events in part.events.chunk_by(|a, b| day(a) == day(b)) {
                if let Some(full) =
                    file.take_if(|file| file.day != day(&events[0]) || file.events >= FILE_EVENTS)
                {
                    full.finish(folder, &mut manifest)?;
                }
                let file = match &mut file {
                    Some(file) => file,
                    none => none.insert(DayFile::begin(folder, &events[0])?),
                };
                file.write(viewer, events)?;
            }
            anyhow::Ok(())
        })?;
        bar.at(u64::try_from(part.reached.0).unwrap_or_default());
        if part.is_end {
            if let Some(last) = file.take() {
                last.finish(folder, &mut manifest)?;
            }
            manifest.position = part.reached;
            manifest.save(folder)?;
            break;
        }
    }
    bar.end();
    let (events, seconds) = (manifest.events - before, began.elapsed().as_secs_f64());
    say(format!(
        "{} events in {seconds:.1} s ({} a second); {} has {} in {} files, up to position {}, personal data {}.",
        grouped(events),
        grouped((events as f64 / seconds) as u64),
        folder.display(),
        grouped(manifest.events),
        manifest.files.len(),
        manifest.position,
        if unmasked { "included" } else { "masked" },
    ));
    Ok(())
}

fn day(event: &RecordedEvent) -> NaiveDate {
    event.recorded_at.date_naive()
}

/// A folder goes on with the log that it began with.
async fn ensure_same_log(log: &SharedLog, manifest: &Manifest) -> Result<()> {
    let (Some(last), Some(id)) = (manifest.files.last(), manifest.last_event_id) else { return Ok(()) };
    let found =
        log.read_back(Position(last.last_position.0 + 1), 1).await.context("the log cannot be read")?;
    if found.first().is_none_or(|event| event.event_id != id) {
        bail!("the folder is of another log: position {} has another event there", last.last_position);
    }
    Ok(())
}

/// Files that were begun, or finished but not named before the end came.
fn remove_what_is_not_named(folder: &Path, manifest: &Manifest) -> Result<()> {
    for day in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?.flatten() {
        let name = day.file_name().to_string_lossy().into_owned();
        if !name.starts_with(DAY) {
            continue;
        }
        for file in fs::read_dir(day.path())?.flatten() {
            let path = format!("{name}/{}", file.file_name().to_string_lossy());
            let is_ours = path.ends_with(".parquet") || path.ends_with(PART);
            if is_ours && !manifest.files.iter().any(|named| named.path == path) {
                fs::remove_file(file.path()).with_context(|| format!("removing {path}"))?;
            }
        }
    }
    Ok(())
}

/// How folders of days begin: as many tools know it for the column of that name.
const DAY: &str = "recorded_on=";

/// How files end that are not whole yet. They begin with a dot: nobody takes them for data.
const PART: &str = ".part";

/// A file that is being written.
struct DayFile {
    day: NaiveDate,
    part: PathBuf,
    path: String,
    first: Position,
    last: (Position, uuid::Uuid),
    events: u64,
    table: EventTable<Hashing>,
}

impl DayFile {
    fn begin(folder: &Path, first: &RecordedEvent) -> Result<Self> {
        let day = day(first);
        let path = format!("{DAY}{day}/{:020}.parquet", first.position.0);
        let place = folder.join(format!("{DAY}{day}"));
        fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
        let part = place.join(format!(".{:020}{PART}", first.position.0));
        let file = File::create(&part).with_context(|| format!("writing {}", part.display()))?;
        let table = EventTable::new(Hashing { file, hash: Sha256::new(), bytes: 0 })?;
        Ok(Self {
            day,
            part,
            path,
            first: first.position,
            last: (first.position, first.event_id),
            events: 0,
            table,
        })
    }

    fn write(&mut self, viewer: &Viewer, events: &[RecordedEvent]) -> Result<()> {
        self.table.write(viewer, events)?;
        self.events += events.len() as u64;
        if let Some(last) = events.last() {
            self.last = (last.position, last.event_id);
        }
        Ok(())
    }

    /// From here on the folder has it.
    fn finish(self, folder: &Path, manifest: &mut Manifest) -> Result<()> {
        let Self { day, part, path, first, last: (last, last_event_id), events, table } = self;
        let Hashing { file, hash, bytes } = table.finish()?;
        file.sync_all()?;
        drop(file);
        let whole = folder.join(&path);
        fs::rename(part, &whole).with_context(|| format!("writing {}", whole.display()))?;
        if let Some(parent) = whole.parent() {
            File::open(parent)?.sync_all()?;
        }
        manifest.files.push(ManifestFile {
            path,
            recorded_on: day,
            first_position: first,
            last_position: last,
            events,
            bytes,
            sha256: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        manifest.events += events;
        manifest.position = last;
        manifest.last_event_id = Some(last_event_id);
        manifest.save(folder)
    }
}

/// A file whose bytes are hashed on their way.
struct Hashing {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
