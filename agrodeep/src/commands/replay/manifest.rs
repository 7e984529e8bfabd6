//! What a folder of Parquet files holds: `_manifest.json`. A file is there when the manifest says so.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use agrodeep_event_store::{EventFilter, Position};
use anyhow::{Context, Result, bail, ensure};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The file's name. What begins with `_` or `.` is no data to those who read folders of Parquet files.
pub const NAME: &str = "_manifest.json";

/// The form of manifest that this program writes.
const FORM: u32 = 1;

/// All that there is to know of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this file.
    pub form: u32,
    /// Whether personal data was hidden.
    pub masked: bool,
    /// Which events, in words; the same for all files.
    pub filter: String,
    /// Up to here the log has been looked at.
    pub position: Position,
    /// How many events there are in all files.
    pub events: u64,
    /// The last event of the last file: by that the log is recognised.
    pub last_event_id: Option<Uuid>,
    /// In the order of the log.
    pub files: Vec<ManifestFile>,
}

/// A file of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its path within the folder.
    pub path: String,
    /// The day on which the log took its events (UTC).
    pub recorded_on: NaiveDate,
    /// The position of its first event.
    pub first_position: Position,
    /// The position of its last event.
    pub last_position: Position,
    /// How many events it has.
    pub events: u64,
    /// How many bytes.
    pub bytes: u64,
    /// What they hash to, in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// The manifest in `folder`, which must be of the same kind; an empty one when there is none yet.
    ///
    /// # Errors
    /// When it cannot be read, or a file that it names is missing, or it is of another filter or masking.
    pub fn open(folder: &Path, filter: &EventFilter, masked: bool) -> Result<Self> {
        let filter = format!("{filter:?}");
        let path = folder.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    form: FORM,
                    masked,
                    filter,
                    position: Position::START,
                    events: 0,
                    last_event_id: None,
                    files: vec![],
                });
            }
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let manifest: Self =
            serde_json::from_str(&text).with_context(|| format!("{} is no manifest", path.display()))?;
        ensure!(manifest.form == FORM, "{} is of a newer form", path.display());
        ensure!(
            manifest.masked == masked,
            "{} holds {} personal data: choose another folder, or {} --unmasked",
            folder.display(),
            if manifest.masked { "no" } else { "" },
            if manifest.masked { "leave out" } else { "add" }
        );
        ensure!(
            manifest.filter == filter,
            "{} holds other events ({}): choose another folder",
            folder.display(),
            manifest.filter
        );
        for file in &manifest.files {
            let bytes = fs::metadata(folder.join(&file.path)).map(|file| file.len()).ok();
            if bytes != Some(file.bytes) {
                bail!("{} is missing or was changed: begin anew in another folder", file.path);
            }
        }
        Ok(manifest)
    }

    /// Writes it, all or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let (path, new) = (folder.join(NAME), folder.join("_manifest.json.part"));
        let written = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(folder)?.sync_all()
        };
        written().with_context(|| format!("writing {}", path.display()))
    }
}
