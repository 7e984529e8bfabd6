//! A history that several processes write into one file.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use super::Record;

/// A history's file. What is recorded stands in it in the order of the calls, over all processes that have it open, and
/// outlives them: each record is one write at the file's end.
#[derive(Debug)]
pub struct HistoryFile(File);

impl HistoryFile {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// As the file system gives them.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(File::options().create(true).append(true).open(path)?))
    }

    /// Adds a record. An operation is recorded before it is begun; its answer, once it is there.
    ///
    /// # Errors
    /// As the file system gives them.
    pub fn record(&self, record: &Record) -> io::Result<()> {
        // It begins on a line of its own: a process that was killed may have left a piece of one.
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, record)?;
        line.push(b'\n');
        (&self.0).write_all(&line)
    }
}

/// The records of a file, and how many pieces killed processes left in it. An operation or an answer of which only a piece
/// was written did not happen, as far as its client knows.
///
/// # Errors
/// When the file cannot be read.
pub fn read_history(path: &Path) -> io::Result<(Vec<Record>, usize)> {
    let bytes = fs::read(path)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let (mut records, mut pieces) = (vec![], 0);
    for line in lines {
        match serde_json::from_slice(line) {
            Ok(record) => records.push(record),
            Err(_) => pieces += 1,
        }
    }
    Ok((records, pieces))
}
