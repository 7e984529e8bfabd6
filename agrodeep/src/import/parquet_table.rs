//! A Parquet file, column by column. Whatever is wrong with it becomes one line that names the file.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type},
    column::reader::get_typed_column_reader,
    data_type::{ByteArrayType, DataType, DoubleType, Int64Type, Int96Type},
    errors::ParquetError,
    file::{
        reader::{FileReader, RowGroupReader},
        serialized_reader::SerializedFileReader,
    },
    schema::types::ColumnDescriptor,
};

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there, or cannot be opened.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is something else, cut off, or damaged.
    #[error("{}: this is not a whole Parquet file: {reason}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// In the reader's words, on one line.
        reason: String,
    },
    /// It is a Parquet file, but another one.
    #[error("{}: {problem}", path.display())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// An open Parquet file.
pub struct ParquetTable {
    path: PathBuf,
    reader: SerializedFileReader<File>,
}

impl ParquetTable {
    /// Opens the file at `path` and reads what it says of itself.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let path = path.to_owned();
        let opened = File::open(&path).and_then(|file| {
            let folder = file.metadata()?.is_dir();
            if folder { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
        });
        let file = match opened {
            Ok(file) => file,
            Err(source) => return Err(FileError::Unreadable { path, source }),
        };
        match SerializedFileReader::new(file) {
            Ok(reader) => Ok(Self { path, reader }),
            Err(error) => Err(FileError::Damaged { reason: one_line(&error), path }),
        }
    }

    /// Something is wrong with this file.
    pub fn wrong(&self, problem: impl Into<String>) -> FileError {
        FileError::Wrong { path: self.path.clone(), problem: problem.into() }
    }

    /// A column of whole numbers, none of them missing.
    pub fn whole_numbers(&self, column: &str) -> Result<Vec<i64>, FileError> {
        self.check(column, "whole numbers", |it| {
            it.physical_type() == Type::INT64 && time_unit(it).is_none()
        })?;
        self.complete(column, self.values::<Int64Type, _>(column, |value| Ok(*value))?)
    }

    /// A column of floating-point numbers, none of them missing.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>, FileError> {
        self.check(column, "numbers (double)", |it| it.physical_type() == Type::DOUBLE)?;
        self.complete(column, self.values::<DoubleType, _>(column, |value| Ok(*value))?)
    }

    /// A column of texts, of which any may be missing.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>, FileError> {
        self.check(column, "texts", |it| it.physical_type() == Type::BYTE_ARRAY)?;
        self.values::<ByteArrayType, _>(column, |value| {
            value
                .as_utf8()
                .map(str::to_owned)
                .map_err(|_| format!("column {column:?} holds what is no UTF-8 text"))
        })
    }

    /// A column of times, in microseconds since 1970 (UTC), none of them missing.
    pub fn times(&self, column: &str) -> Result<Vec<i64>, FileError> {
        let is_time = |it: &ColumnDescriptor| it.physical_type() == Type::INT96 || time_unit(it).is_some();
        let descriptor = self.check(column, "times", is_time)?;
        let beyond = || format!("column {column:?} holds a time that is out of range");
        let times = match time_unit(&self.descriptor(descriptor)) {
            None => self.values::<Int96Type, _>(column, |value| {
                // Nanoseconds of a day, then the Julian day: the form of Hive and Impala, which pandas writes for Spark.
                let [low, high, day] = *value.data() else { return Err(beyond()) };
                let nanoseconds =
                    i64::try_from(u64::from(high) << 32 | u64::from(low)).map_err(|_| beyond())?;
                let days = i64::from(day) - JULIAN_DAY_OF_1970;
                days.checked_mul(MICROSECONDS_A_DAY)
                    .and_then(|it| it.checked_add(nanoseconds / 1000))
                    .ok_or_else(beyond)
            })?,
            Some(unit) => self.values::<Int64Type, _>(column, |value| match unit {
                TimeUnit::MILLIS => value.checked_mul(1000).ok_or_else(beyond),
                TimeUnit::MICROS => Ok(*value),
                TimeUnit::NANOS => Ok(value.div_euclid(1000)),
            })?,
        };
        self.complete(column, times)
    }

    fn descriptor(&self, index: usize) -> std::sync::Arc<ColumnDescriptor> {
        self.reader.metadata().file_metadata().schema_descr().column(index)
    }

    fn index(&self, column: &str) -> Option<usize> {
        let columns = self.reader.metadata().file_metadata().schema_descr().columns();
        columns.iter().position(|it| it.path().parts() == [column])
    }

    /// Makes sure that there is such a column; says which it is.
    fn check(
        &self,
        column: &str,
        of: &str,
        fits: impl Fn(&ColumnDescriptor) -> bool,
    ) -> Result<usize, FileError> {
        let index = self.index(column).ok_or_else(|| self.wrong(format!("there is no column {column:?}")))?;
        let descriptor = self.descriptor(index);
        if descriptor.max_rep_level() > 0 || !fits(&descriptor) {
            return Err(self.wrong(format!("column {column:?} must hold {of}")));
        }
        Ok(index)
    }

    /// A column's values, each as `convert` has it. Only for a column that has been checked.
    fn values<T: DataType, V>(
        &self,
        column: &str,
        convert: impl Fn(&T::T) -> Result<V, String>,
    ) -> Result<Vec<Option<V>>, FileError> {
        let index = self.index(column).unwrap_or_default();
        let mut all = Vec::new();
        for group in 0..self.reader.num_row_groups() {
            let group = self.reader.get_row_group(group).map_err(|error| self.damaged(&error))?;
            let (values, present) = self.of_group::<T>(&*group, index)?;
            let mut values = values.iter();
            for present in present {
                let value = if present { values.next().map(&convert).transpose() } else { Ok(None) };
                all.push(value.map_err(|problem| self.wrong(problem))?);
            }
        }
        Ok(all)
    }

    /// The values that are there, and for each row whether one is.
    fn of_group<T: DataType>(
        &self,
        group: &dyn RowGroupReader,
        index: usize,
    ) -> Result<(Vec<T::T>, Vec<bool>), FileError> {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let reader = group.get_column_reader(index).map_err(|error| self.damaged(&error))?;
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        let read =
            get_typed_column_reader::<T>(reader).read_records(rows, Some(&mut levels), None, &mut values);
        let (records, ..) = read.map_err(|error| self.damaged(&error))?;
        if records != rows {
            let path = self.path.clone();
            return Err(FileError::Damaged { path, reason: format!("{records} of {rows} rows are there") });
        }
        let most = self.descriptor(index).max_def_level();
        let present =
            if most == 0 { vec![true; rows] } else { levels.iter().map(|level| *level == most).collect() };
        Ok((values, present))
    }

    fn complete<V>(&self, column: &str, values: Vec<Option<V>>) -> Result<Vec<V>, FileError> {
        let rows = values.len();
        let complete: Vec<V> = values.into_iter().map_while(|value| value).collect();
        if complete.len() < rows {
            return Err(self.wrong(format!("row {} has no {column}", complete.len() + 1)));
        }
        Ok(complete)
    }

    fn damaged(&self, error: &ParquetError) -> FileError {
        FileError::Damaged { path: self.path.clone(), reason: one_line(error) }
    }
}

/// The Julian day that began on 1 January 1970.
const JULIAN_DAY_OF_1970: i64 = 2_440_588;

const MICROSECONDS_A_DAY: i64 = 86_400_000_000;

/// In which unit a column of 64-bit numbers holds times, if it does.
fn time_unit(descriptor: &ColumnDescriptor) -> Option<TimeUnit> {
    if descriptor.physical_type() != Type::INT64 {
        return None;
    }
    match (descriptor.logical_type_ref(), descriptor.converted_type()) {
        (Some(LogicalType::Timestamp(timestamp)), _) => Some(timestamp.unit),
        (None, ConvertedType::TIMESTAMP_MILLIS) => Some(TimeUnit::MILLIS),
        (None, ConvertedType::TIMESTAMP_MICROS) => Some(TimeUnit::MICROS),
        _ => None,
    }
}

fn one_line(error: &ParquetError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What is said of a file with this content.
    fn refusal(name: &str, content: &[u8]) -> String {
        let path = std::env::temp_dir().join(format!("agrodeep-{name}-{}.parquet", std::process::id()));
        std::fs::write(&path, content).unwrap();
        let refused = ParquetTable::open(&path).map(|_| ()).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        refused
    }

    #[test]
    fn what_is_no_whole_parquet_file_is_one_line_that_names_it() {
        for (name, content) in [
            ("empty", &b""[..]),
            ("text", &b"product_id,quantity\n1,2\n"[..]),
            ("cut", &b"PAR1\x15\x04\x15"[..]),
        ] {
            let refused = refusal(name, content);
            assert!(refused.contains(name) && refused.contains("not a whole Parquet file"), "{refused}");
            assert!(!refused.contains('\n'), "{refused}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let missing = Path::new("/nowhere/products.parquet");
        let refused = ParquetTable::open(missing).map(|_| ()).unwrap_err().to_string();
        assert!(refused.starts_with("/nowhere/products.parquet: "), "{refused}");
    }
}
