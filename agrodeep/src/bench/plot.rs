//! Drawings of what was measured: bars on a logarithmic scale, each with its figure and the range of its rounds.

use std::path::Path;

use anyhow::anyhow;
use plotters::{
    coord::types::RangedCoordf64,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::number::amount;
use super::spread::Spread;

/// Bars in groups, on one scale.
#[derive(Clone, Debug)]
pub struct BarChart {
    /// The file's name, without its ending.
    pub name: String,
    pub title: String,
    /// What the bars measure, with its unit.
    pub axis: String,
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

/// Whole powers of ten around all values, so that a bar's length tells nothing but its order of magnitude and its rank.
/// Values that are not positive have no place on it.
pub fn decades(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let (least, most) = values
        .into_iter()
        .filter(|value| value.is_finite() && *value > 0.0)
        .fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
    if most == 0.0 {
        return (1.0, 10.0);
    }
    let from = least.log10().floor();
    // A value on the edge would have no bar, or no room for its figure.
    let from = if least.log10() - from < 0.15 { from - 1.0 } else { from };
    let to = (most.log10() + 0.25).ceil();
    (10_f64.powf(from), 10_f64.powf(to))
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
        root: &DrawingArea<DB, plotters::coord::Shift>,
        rows: usize,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        root.fill(&WHITE)?;
        let text = |size: u32, colour: &RGBColor, h: HPos| {
            (FONT, size).into_font().color(colour).pos(Pos::new(h, VPos::Center))
        };
        root.draw(&Text::new(self.title.clone(), (12, 20), text(17, &INK, HPos::Left)))?;

        let values = self.bars().flat_map(|bar| [bar.value.least, bar.value.median, bar.value.most]);
        let (from, to) = decades(values);
        let mut chart = ChartBuilder::on(root)
            .margin_top(TITLE)
            .margin_right(24)
            .margin_left(LABELS)
            .x_label_area_size(AXIS)
            .build_cartesian_2d((from..to).log_scale(), 0.0..rows as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(12)
            .x_label_formatter(&|value| amount(*value).trim_end_matches(".00").to_owned())
            .label_style(text(12, &FAINT, HPos::Center))
            .bold_line_style(FAINT.mix(0.35))
            .light_line_style(FAINT.mix(0.12))
            .axis_style(FAINT)
            .draw()?;
        // The label of the axis, where the mesh would put it too close to the ticks.
        let bottom = (TITLE + ROW * rows as u32 + AXIS) as i32 - 14;
        let middle = (LABELS + (WIDTH - LABELS) / 2) as i32;
        root.draw(&Text::new(
            format!("{}, logarithmic scale", self.axis),
            (middle, bottom),
            text(13, &INK, HPos::Center),
        ))?;

        let mut row = rows as f64;
        for group in &self.groups {
            row -= 1.0;
            let y = |row: f64| chart.backend_coord(&(from, row)).1;
            root.draw(&Text::new(group.heading.clone(), (12, y(row + 0.4)), text(14, &INK, HPos::Left)))?;
            for bar in &group.bars {
                row -= 1.0;
                let y = chart.backend_coord(&(from, row + 0.5)).1;
                root.draw(&Text::new(
                    bar.label.clone(),
                    (LABELS as i32 - 10, y),
                    text(13, &INK, HPos::Right),
                ))?;
                self.draw_bar(&mut chart, bar, row, from)?;
                let (x, _) = chart.backend_coord(&(bar.value.most.max(from), row));
                root.draw(&Text::new(amount(bar.value.median), (x + 8, y), text(13, &INK, HPos::Left)))?;
            }
        }
        Ok(())
    }

    fn draw_bar<DB: DrawingBackend>(
        &self,
        chart: &mut ChartContext<
            DB,
            Cartesian2d<plotters::coord::combinators::LogCoord<f64>, RangedCoordf64>,
        >,
        bar: &Bar,
        row: f64,
        from: f64,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        let Spread { median, least, most } = bar.value;
        if median <= 0.0 {
            return Ok(());
        }
        let colour = self.colour_of(&bar.label);
        let low = least.max(from);
        chart.draw_series([Rectangle::new([(from, row + 0.22), (median, row + 0.78)], colour.filled())])?;
        // From the least to the most of all rounds.
        let whisker = |points: Vec<(f64, f64)>| PathElement::new(points, INK.stroke_width(1));
        chart.draw_series([
            whisker(vec![(low, row + 0.5), (most, row + 0.5)]),
            whisker(vec![(low, row + 0.36), (low, row + 0.64)]),
            whisker(vec![(most, row + 0.36), (most, row + 0.64)]),
        ])?;
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
    fn the_scale_holds_all_values_and_leaves_room_for_the_figures() {
        let (from, to) = decades([421.0, 47_824.0]);
        assert!((from - 100.0).abs() < 1e-6 && (to - 100_000.0).abs() < 1e-6, "{from} {to}");
        // On the edge of a decade there would be no bar at all.
        let (from, to) = decades([1000.0, 9_000.0]);
        assert!((from - 100.0).abs() < 1e-6 && (to - 100_000.0).abs() < 1e-6, "{from} {to}");
        let (from, to) = decades([0.0, f64::NAN, 0.32]);
        assert!((from - 0.1).abs() < 1e-9 && (to - 1.0).abs() < 1e-9, "{from} {to}");
        assert_eq!(decades([]), (1.0, 10.0));
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
