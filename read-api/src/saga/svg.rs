//! The picture as SVG. No script, no style sheet, no font of its own: it can be embedded anywhere.

use std::fmt::Write as _;

use super::diagram::{Cell, Diagram, Mark};

const WIDTH: u32 = 900;
const MARGIN: u32 = 40;
const CELL_WIDTH: u32 = 330;
const CELL_HEIGHT: u32 = 46;
const CELL_GAP: u32 = 10;
const ROW_GAP: u32 = 26;
const AFTER_HEIGHT: u32 = 28;
const UNDO_X: u32 = WIDTH - MARGIN - CELL_WIDTH;
const LINE: u32 = 20;

/// Fill, stroke and text.
const fn colours(mark: Mark) -> (&'static str, &'static str, &'static str) {
    match mark {
        Mark::Unplanned => ("#ffffff", "#c4c9cf", "#6b7280"),
        Mark::Done => ("#e6f4ea", "#2e7d32", "#14401a"),
        Mark::Skipped => ("#eef1f5", "#5b6675", "#2a323d"),
        Mark::Refused => ("#fff4e0", "#b26a00", "#5a3600"),
        Mark::Pending => ("#e8f0fe", "#1a5fb4", "#0b2f5c"),
        Mark::Retrying => ("#fff8d6", "#a58100", "#4f3e00"),
        Mark::Parked => ("#fde8e8", "#b3261e", "#5f110c"),
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no way to write these.
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// As much of a text as fits.
fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars_max - 1).collect();
    short.push('…');
    short
}

fn column_height(cells: usize) -> u32 {
    let cells = cells as u32;
    cells * CELL_HEIGHT + cells.saturating_sub(1) * CELL_GAP
}

/// The picture as an SVG document.
pub fn svg(diagram: &Diagram) -> String {
    let mut body = String::new();
    let mut y = MARGIN;
    for (n, line) in diagram.title.iter().enumerate() {
        let (size, weight) = if n == 0 { (18, "600") } else { (14, "400") };
        text(&mut body, (MARGIN, y), (size, weight, "#1f2933"), &shortened(line, 95));
        y += if n == 0 { 24 } else { LINE };
    }
    y += 14;
    text(&mut body, (MARGIN, y), (12, "600", "#52606d"), "LEADS ON");
    text(&mut body, (UNDO_X, y), (12, "600", "#52606d"), "UNDOES IT");
    y += 14;
    let middle = MARGIN + CELL_WIDTH / 2;
    // Where the last cell ends from which an arrow leads on.
    let mut from = y;
    for (n, row) in diagram.rows.iter().enumerate() {
        let height = column_height(row.onwards.len().max(row.undo.len()));
        let inset = (height - column_height(row.onwards.len())) / 2;
        if n > 0 {
            let until = y + ROW_GAP + if row.after.is_some() { AFTER_HEIGHT } else { 0 };
            let _ = writeln!(
                body,
                r##"<path d="M{middle} {from}V{end}" stroke="#7b8794" stroke-width="1.5" marker-end="url(#tip)" fill="none"/>"##,
                end = until + inset - 3
            );
            if let Some(after) = &row.after {
                let label = shortened(after, 60);
                let width = label.chars().count() as u32 * 7 + 20;
                let (x, top) = (middle.saturating_sub(width / 2).max(8), y + ROW_GAP / 2 - 2);
                let _ = writeln!(
                    body,
                    r##"<rect x="{x}" y="{top}" width="{width}" height="24" rx="12" fill="#f5f7fa" stroke="#9aa5b1"/>"##
                );
                text(&mut body, (x + 10, top + 16), (12, "400", "#3e4c59"), &label);
            }
            y = until;
        }
        draw_row(&mut body, &row.onwards, &row.undo, y);
        y += height;
        from = y - inset;
    }
    y += 30;
    y = legend(&mut body, y);
    if !diagram.decisions.is_empty() {
        y += 26;
        text(&mut body, (MARGIN, y), (12, "600", "#52606d"), "DECIDED BY PEOPLE");
        for line in &diagram.decisions {
            y += LINE;
            text(&mut body, (MARGIN, y), (12, "400", "#1f2933"), &shortened(line, 125));
        }
    }
    let height = y + MARGIN;
    let label = escaped(diagram.title.first().map_or("", String::as_str));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" font-family="system-ui, 'DejaVu Sans', Arial, sans-serif">
<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#7b8794"/></marker></defs>
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
{body}</svg>
"##
    )
}

/// Draws the cells of a row side by side with what undoes them.
fn draw_row(body: &mut String, onwards: &[Cell], undo: &[Cell], y: u32) {
    let height = column_height(onwards.len().max(undo.len()));
    for (cells, x) in [(onwards, MARGIN), (undo, UNDO_X)] {
        let mut top = y + (height - column_height(cells.len())) / 2;
        for cell in cells {
            draw_cell(body, cell, (x, top));
            if x == UNDO_X {
                let (from, to) = (top + CELL_HEIGHT / 2, y + height / 2);
                let (right, left) = (UNDO_X, MARGIN + CELL_WIDTH);
                let bend = u32::midpoint(left, right);
                let _ = writeln!(
                    body,
                    r##"<path d="M{right} {from}C{bend} {from} {bend} {to} {end} {to}" stroke="#9aa5b1" stroke-width="1.5" stroke-dasharray="5 4" marker-end="url(#tip)" fill="none"/>"##,
                    end = left + 4
                );
            }
            top += CELL_HEIGHT + CELL_GAP;
        }
    }
}

fn draw_cell(body: &mut String, cell: &Cell, (x, y): (u32, u32)) {
    let (fill, stroke, ink) = colours(cell.mark);
    let dash = if cell.mark == Mark::Unplanned { r#" stroke-dasharray="4 3""# } else { "" };
    let _ = writeln!(
        body,
        r#"<rect x="{x}" y="{y}" width="{CELL_WIDTH}" height="{CELL_HEIGHT}" rx="7" fill="{fill}" stroke="{stroke}" stroke-width="1.5"{dash}/>"#
    );
    let times = if cell.products > 1 { format!(" ×{}", cell.products) } else { String::new() };
    let name = format!("{}{times}", cell.step);
    if cell.note.is_empty() {
        text(body, (x + 14, y + 28), (14, "500", ink), &name);
    } else {
        text(body, (x + 14, y + 20), (14, "600", ink), &name);
        text(body, (x + 14, y + 37), (12, "400", ink), &shortened(&cell.note, 46));
    }
}

/// What the colours mean, in one line.
fn legend(body: &mut String, y: u32) -> u32 {
    let mut x = MARGIN;
    for mark in Mark::ALL {
        let (fill, stroke, _) = colours(mark);
        let dash = if mark == Mark::Unplanned { r#" stroke-dasharray="3 2""# } else { "" };
        let _ = writeln!(
            body,
            r#"<rect x="{x}" y="{top}" width="16" height="12" rx="3" fill="{fill}" stroke="{stroke}"{dash}/>"#,
            top = y - 10
        );
        text(body, (x + 22, y), (12, "400", "#3e4c59"), mark.word());
        x += 22 + mark.word().chars().count() as u32 * 7 + 28;
    }
    y
}

fn text(body: &mut String, (x, y): (u32, u32), (size, weight, ink): (u32, &str, &str), words: &str) {
    let words = escaped(words);
    let _ = writeln!(
        body,
        r#"<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{ink}">{words}</text>"#
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_no_markup() {
        let diagram = Diagram {
            title: vec!["<script>".to_owned()],
            rows: vec![],
            decisions: vec!["retry by a: \"x\" & <b>\u{1}".to_owned()],
        };
        let drawn = svg(&diagram);
        assert!(drawn.contains("&lt;script&gt;") && drawn.contains("&quot;x&quot; &amp; &lt;b&gt; "));
        assert!(!drawn.contains("<script>") && !drawn.contains("<b>"));
    }
}
