//! The picture as text, for a terminal.

use std::fmt::Write as _;

use super::diagram::{Cell, Diagram, Mark};

/// How wide the column of the steps that lead on is.
const COLUMN: usize = 46;

const fn sign(mark: Mark) -> char {
    match mark {
        Mark::Unplanned => '·',
        Mark::Done => '✔',
        Mark::Skipped => '»',
        Mark::Refused => '✘',
        Mark::Pending => '…',
        Mark::Retrying => '↻',
        Mark::Parked => '!',
    }
}

fn words(cell: &Cell) -> String {
    let times = if cell.products > 1 { format!(" ×{}", cell.products) } else { String::new() };
    let note = if cell.note.is_empty() { String::new() } else { format!(" ({})", cell.note) };
    format!("{} {}{times}{note}", sign(cell.mark), cell.step)
}

/// The picture as lines of text.
pub fn text(diagram: &Diagram) -> String {
    let mut text = String::new();
    for line in &diagram.title {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
    for (n, row) in diagram.rows.iter().enumerate() {
        if n > 0 {
            text.push_str("  │\n");
        }
        if let Some(after) = &row.after {
            let _ = writeln!(text, "  ┊ {after}");
        }
        for line in 0..row.onwards.len().max(row.undo.len()) {
            let onwards = row.onwards.get(line).map_or_else(String::new, words);
            let undo = row.undo.get(line).map_or_else(String::new, |cell| format!("⟲ {}", words(cell)));
            let padding = " ".repeat(COLUMN.saturating_sub(onwards.chars().count()));
            let _ = writeln!(text, "{}", format!("  {onwards}{padding} {undo}").trim_end());
        }
    }
    if !diagram.decisions.is_empty() {
        text.push_str("\nDecided:\n");
        for line in &diagram.decisions {
            let _ = writeln!(text, "  {line}");
        }
    }
    let signs: Vec<String> =
        Mark::ALL.iter().map(|mark| format!("{} {}", sign(*mark), mark.word())).collect();
    let _ = writeln!(text, "\n{}   ⟲ undoes", signs.join("   "));
    text
}
