//! What a benchmark found, for people (Markdown, drawings) and for machines (JSON lines).

use std::fmt::Write;

use serde_json::json;

use super::{
    goal::Goal,
    measured::Measured,
    number::{amount, spread, whole},
    plot::BarChart,
};

/// Something that is a figure, but not a throughput.
#[derive(Clone, Debug)]
pub struct Fact {
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
}

/// What a benchmark found.
pub struct Outcome {
    pub bench: &'static str,
    /// The heading.
    pub title: &'static str,
    /// Who asks, in the plural: the heading of their number.
    pub asking: &'static str,
    /// What was done, in a few sentences.
    pub method: String,
    pub figures: Vec<Measured>,
    pub goals: Vec<Goal>,
    pub facts: Vec<Fact>,
    pub charts: Vec<BarChart>,
}

/// What ratios in tables are made of.
pub const OURS: &str = "agrodeep";

impl Outcome {
    pub fn new(bench: &'static str, title: &'static str, method: String, figures: Vec<Measured>) -> Self {
        Self {
            bench,
            title,
            asking: "writers",
            method,
            figures,
            goals: vec![],
            facts: vec![],
            charts: vec![],
        }
    }

    /// The figures of one subject in one case.
    pub fn find(&self, subject: &str, mix: &str, writers: usize) -> Option<&Measured> {
        self.figures
            .iter()
            .find(|figure| figure.subject == subject && figure.mix == mix && figure.writers == writers)
    }

    pub fn fact(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        self.facts.push(Fact { what: what.into(), value, unit });
    }

    /// One JSON line a figure, a fact, a goal.
    pub fn json_lines(&self) -> anyhow::Result<String> {
        let mut lines = String::new();
        for figure in &self.figures {
            writeln!(lines, "{}", serde_json::to_string(&figure.line())?)?;
        }
        for Fact { what, value, unit } in &self.facts {
            writeln!(
                lines,
                "{}",
                json!({"bench": self.bench, "fact": what, "value": value, "unit": unit.trim()})
            )?;
        }
        for goal in &self.goals {
            writeln!(lines, "{}", goal.line())?;
        }
        Ok(lines)
    }

    /// What was done, and tables of what came of it.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.method);
        if !self.figures.is_empty() {
            let _ = write!(text, "\n{}", self.figures_table());
        }
        if !self.facts.is_empty() {
            text.push_str("\n| | |\n|---|---:|\n");
            for Fact { what, value, unit } in &self.facts {
                let value = if value.fract() == 0.0 { whole(*value) } else { amount(*value) };
                let _ = writeln!(text, "| {what} | {value}{unit} |");
            }
        }
        if !self.goals.is_empty() {
            text.push_str("\n| goal | wanted | measured | |\n|---|---:|---:|---|\n");
            for goal in &self.goals {
                let _ = writeln!(
                    text,
                    "| {} | {}{} | {} | {} |",
                    goal.what,
                    goal.wanted,
                    goal.unit,
                    spread(goal.measured, goal.unit),
                    if goal.reached() { "reached" } else { "**missed**" }
                );
            }
        }
        text
    }

    fn figures_table(&self) -> String {
        let compared = self.figures.iter().any(|figure| figure.subject == OURS);
        let mut text = format!(
            "| mix | subject | {} | a second (min–max) | p50 ms | p90 ms | p99 ms (min–max) | p99.9 ms |{}\n\
             |---|---|---:|---:|---:|---:|---:|---:|{}\n",
            self.asking,
            if compared { " agrodeep is |" } else { "" },
            if compared { "---:|" } else { "" },
        );
        for row in &self.figures {
            let cell = |value: Option<f64>| value.map_or("–".to_owned(), amount);
            let ours = self.find(OURS, &row.mix, row.writers).filter(|_| row.subject != OURS);
            let batch = row.batch().map_or(String::new(), |batch| format!(" in batches of {}", whole(batch)));
            let _ = writeln!(
                text,
                "| {} | {}{batch} | {} | {} | {} | {} | {} | {} |{}",
                row.mix,
                row.subject,
                row.writers,
                spread(row.per_second(), ""),
                cell(row.took(|took| took.p50).map(|p50| p50.median)),
                cell(row.took(|took| took.p90).map(|p90| p90.median)),
                row.took(|took| took.p99).map_or("–".to_owned(), |p99| spread(p99, "")),
                cell(row.took(|took| took.p999).map(|p999| p999.median)),
                match ours {
                    Some(ours) => format!(" {} |", spread(ours.times(row), " ×")),
                    None if compared => "  |".to_owned(),
                    None => String::new(),
                },
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{goal::Wanted, measured::tests::measured};

    #[test]
    fn a_table_compares_with_ours_in_the_same_case_only() {
        let figures = vec![
            measured("agrodeep", "distinct", 64, &[1000.0]),
            measured("raw", "distinct", 64, &[100.0]),
            measured("agrodeep", "distinct", 256, &[3000.0]),
            measured("raw", "distinct", 256, &[100.0]),
        ];
        let mut outcome = Outcome::new("append", "Appending", "How.".to_owned(), figures);
        let (ours, raw) = (&outcome.figures[0], &outcome.figures[1]);
        outcome.goals.push(Goal {
            bench: "append",
            what: "64 writers, against raw".to_owned(),
            wanted: Wanted::AtLeast(11.0),
            unit: " ×",
            measured: ours.times(raw),
        });
        let text = outcome.markdown();
        assert!(
            text.contains("| distinct | raw | 64 | 100 | 1.00 | 2.00 | 3.00 | 4.00 | 10.0 × |"),
            "{text}"
        );
        assert!(
            text.contains("| distinct | raw | 256 | 100 | 1.00 | 2.00 | 3.00 | 4.00 | 30.0 × |"),
            "{text}"
        );
        assert!(text.contains("| 64 writers, against raw | ≥ 11 × | 10.0 × | **missed** |"), "{text}");
        let lines = outcome.json_lines().expect("JSON lines");
        assert_eq!(lines.lines().count(), 5);
        assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }
}
