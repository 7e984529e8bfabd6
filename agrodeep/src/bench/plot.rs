//! Drawings of what was measured: bars, each with its figure and the range of its rounds.

use std::path::Path;

use anyhow::anyhow;
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    axis::{Axis, Scale, Tick},
    number::amount,
    spread::Spread,
};

/// Bars in groups, on one scale.
#[derive(Clone, Debug)]
pub struct BarChart {
    /// The file's name, without its ending.
    pub name: String,
    pub title: String,
    /// What the bars measure, with its unit.
    pub axis: String,
    pub scale: Scale,
    pub groups: Vec<Group>,
}

/// Bars that belong together, under a heading.
#[derive(Clone, Debug)]
pub struct Group {
    pub heading: String,
    pub bars: Vec<Bar>,
}

#[derive(Clone, Debug)]
pub struct Bar {
    pub label: String,
    pub value: Spread,
}

const WIDTH: u32 = 860;
const LABELS: u32 = 190;
const ROW: u32 = 26;
const MARGIN: u32 = 16;
const TITLE: u32 = 44;
const AXIS: u32 = 56;
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(40, 44, 52);
const FAINT: RGBColor = RGBColor(120, 126, 135);

/// Colours that people with colour blindness can tell apart (Okabe and Ito). Ours is the first.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 158, 115),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

fn tick_label(value: f64) -> String {
    let text = amount(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl BarChart {
    /// Writes `<folder>/<name>.svg`.
    pub fn draw(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(format!("{}.svg", self.name));
        std::fs::write(&path, self.svg()?)?;
        Ok(())
    }

    pub fn svg(&self) -> anyhow::Result<String> {
        let rows: usize = self.groups.iter().map(|group| group.bars.len() + 1).sum();
        let height = TITLE + AXIS + ROW * rows as u32;
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
            self.draw_on(&root, rows).map_err(|error| anyhow!("drawing {}: {error}", self.name))?;
            root.present().map_err(|error| anyhow!("drawing {}: {error}", self.name))?;
        }
        Ok(svg)
    }

    fn draw_on<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        rows: usize,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        root.fill(&WHITE)?;
        let write = |words: String, x: i32, y: i32, (size, colour, side): (u32, &RGBColor, HPos)| {
            let style = (FONT, size).into_font().color(colour).pos(Pos::new(side, VPos::Center));
            root.draw(&Text::new(words, (x, y), style))
        };
        write(self.title.clone(), 12, 20, (17, &INK, HPos::Left))?;

        let values = self.bars().flat_map(|bar| [bar.value.least, bar.value.median, bar.value.most]);
        let axis = Axis::of(self.scale, values);
        let place =
            |value: f64| LABELS as i32 + (axis.place(value) * f64::from(WIDTH - LABELS - MARGIN)) as i32;
        let bottom = (TITLE + ROW * rows as u32) as i32;
        for Tick { value, labelled } in axis.ticks() {
            let line = FAINT.mix(if labelled { 0.35 } else { 0.12 });
            let x = place(value);
            root.draw(&PathElement::new([(x, TITLE as i32), (x, bottom)], line))?;
            if labelled {
                write(tick_label(value), x, bottom + 14, (12, &FAINT, HPos::Center))?;
            }
        }
        root.draw(&PathElement::new(
            [(place(axis.from), bottom), (WIDTH as i32 - MARGIN as i32, bottom)],
            FAINT,
        ))?;
        let words = format!("{}{}", self.axis, self.scale.words());
        write(words, (LABELS + WIDTH) as i32 / 2, bottom + 38, (13, &INK, HPos::Center))?;

        let mut middle = TITLE as i32 + ROW as i32 / 2;
        for group in &self.groups {
            write(group.heading.clone(), 12, middle, (14, &INK, HPos::Left))?;
            middle += ROW as i32;
            for bar in &group.bars {
                let Spread { median, least, most } = bar.value;
                write(bar.label.clone(), LABELS as i32 - 10, middle, (13, &INK, HPos::Right))?;
                let colour = self.colour_of(&bar.label);
                root.draw(&Rectangle::new(
                    [(place(axis.from), middle - 7), (place(median), middle + 7)],
                    colour.filled(),
                ))?;
                // From the least to the most of all rounds.
                let (low, high) = (place(least), place(most));
                for whisker in [
                    [(low, middle), (high, middle)],
                    [(low, middle - 4), (low, middle + 4)],
                    [(high, middle - 4), (high, middle + 4)],
                ] {
                    root.draw(&PathElement::new(whisker, INK))?;
                }
                write(amount(median), high + 8, middle, (13, &INK, HPos::Left))?;
                middle += ROW as i32;
            }
        }
        Ok(())
    }

    fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.groups.iter().flat_map(|group| &group.bars)
    }

    /// One colour a label, the same in all groups.
    fn colour_of(&self, label: &str) -> RGBColor {
        let mut labels: Vec<&str> = vec![];
        for bar in self.bars() {
            if !labels.contains(&bar.label.as_str()) {
                labels.push(&bar.label);
            }
        }
        let index = labels.iter().position(|known| *known == label).unwrap_or_default();
        COLOURS[index % COLOURS.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_told_without_needless_digits() {
        assert_eq!([0.01, 0.1, 1.0, 10.0, 2500.0].map(tick_label), ["0.01", "0.1", "1", "10", "2,500"]);
    }

    #[test]
    fn a_drawing_names_every_bar_and_its_figure() {
        let bar = |label: &str, median| Bar {
            label: label.to_owned(),
            value: Spread { median, least: median * 0.9, most: median * 1.1 },
        };
        let chart = BarChart {
            name: "append".to_owned(),
            title: "Appending".to_owned(),
            axis: "commands/s".to_owned(),
            scale: Scale::Logarithmic,
            groups: vec![Group {
                heading: "64 writers".to_owned(),
                bars: vec![bar("agrodeep", 50_000.0), bar("postgres-es", 5_000.0)],
            }],
        };
        let svg = chart.svg().expect("a drawing");
        for part in [
            "Appending",
            "64 writers",
            "agrodeep",
            "50,000",
            "postgres-es",
            "5,000",
            "commands/s, logarithmic scale",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
    }
}
