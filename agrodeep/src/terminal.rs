//! What is said to the person who started a command, on stdout.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Says a line. A reader that has gone away is no reason to stop working.
pub fn say(line: impl Display) {
    let _: io::Result<()> = writeln!(io::stdout().lock(), "{line}");
}

/// Says a table, `indent` before each of its lines.
pub fn say_table<const N: usize>(indent: &str, rows: &[[String; N]]) {
    for line in table(rows) {
        say(format!("{indent}{line}"));
    }
}

/// The lines of a table: columns as wide as their widest cell, two blanks between them.
pub fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
