//! What was measured of one subject in one case, round by round.

use std::time::Duration;

use serde::Serialize;

use super::{durations::Latencies, spread::Spread};

/// One round.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// How many commands were answered.
    pub commands: usize,
    pub per_second: f64,
    /// Of single commands. `None` where nobody waits for a single one.
    pub took: Option<Percentiles>,
    /// The mean size of a batch, where it was set from outside.
    pub batch: Option<f64>,
}

/// So many of a hundred (or a thousand) commands took no longer, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Percentiles {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
}

impl Round {
    pub fn of(mut latencies: Latencies, elapsed: Duration) -> Self {
        Self {
            commands: latencies.count(),
            per_second: latencies.count() as f64 / elapsed.as_secs_f64(),
            took: Some(Percentiles {
                p50: latencies.percentile_ms(50.0),
                p90: latencies.percentile_ms(90.0),
                p99: latencies.percentile_ms(99.0),
                p999: latencies.percentile_ms(99.9),
            }),
            batch: None,
        }
    }
}

/// All rounds of one subject in one case.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which benchmark.
    pub bench: &'static str,
    /// What was asked.
    pub mix: String,
    /// Who was asked.
    pub subject: String,
    /// How many asked at the same time.
    pub writers: usize,
    pub rounds: Vec<Round>,
}

impl Measured {
    pub fn per_second(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|round| round.per_second))
    }

    /// One percentile in all rounds, in milliseconds; `None` where nobody waited for single commands.
    pub fn took(&self, percentile: impl Fn(&Percentiles) -> f64) -> Option<Spread> {
        let values: Vec<f64> =
            self.rounds.iter().filter_map(|round| round.took.as_ref()).map(percentile).collect();
        (!values.is_empty()).then(|| Spread::of(values))
    }

    /// The mean batch size over all rounds, where it was set from outside.
    pub fn batch(&self) -> Option<f64> {
        let batches: Vec<f64> = self.rounds.iter().filter_map(|round| round.batch).collect();
        (!batches.is_empty()).then(|| batches.iter().sum::<f64>() / batches.len() as f64)
    }

    /// How many times what `other` did this one did, each round compared with the same round of the other.
    pub fn times(&self, other: &Self) -> Spread {
        let rounds = self.rounds.iter().zip(&other.rounds);
        Spread::of(
            rounds
                .filter(|(_, theirs)| theirs.per_second > 0.0)
                .map(|(our, theirs)| our.per_second / theirs.per_second),
        )
    }

    /// As every `agrodeep bench … --json` prints it.
    pub fn line(&self) -> Line<'_> {
        let per_second = self.per_second();
        let (p50, p99) = (self.took(|took| took.p50), self.took(|took| took.p99));
        Line {
            bench: self.bench,
            mix: &self.mix,
            subject: &self.subject,
            writers: self.writers,
            rounds: self.rounds.len(),
            commands: self.rounds.iter().map(|round| round.commands).sum(),
            per_second: per_second.median,
            per_second_min: per_second.least,
            per_second_max: per_second.most,
            p50_ms: p50.map(|p50| p50.median),
            p50_ms_min: p50.map(|p50| p50.least),
            p50_ms_max: p50.map(|p50| p50.most),
            p90_ms: self.took(|took| took.p90).map(|p90| p90.median),
            p99_ms: p99.map(|p99| p99.median),
            p99_ms_min: p99.map(|p99| p99.least),
            p99_ms_max: p99.map(|p99| p99.most),
            p999_ms: self.took(|took| took.p999).map(|p999| p999.median),
            batch: self.batch(),
        }
    }
}

/// One figure for machines. Without a suffix: the median of the rounds.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    bench: &'a str,
    mix: &'a str,
    subject: &'a str,
    writers: usize,
    rounds: usize,
    /// In all rounds.
    commands: usize,
    per_second: f64,
    per_second_min: f64,
    per_second_max: f64,
    p50_ms: Option<f64>,
    p50_ms_min: Option<f64>,
    p50_ms_max: Option<f64>,
    p90_ms: Option<f64>,
    p99_ms: Option<f64>,
    p99_ms_min: Option<f64>,
    p99_ms_max: Option<f64>,
    p999_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<f64>,
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Rounds with these commands a second.
    pub fn measured(subject: &str, mix: &str, writers: usize, per_second: &[f64]) -> Measured {
        let took = Some(Percentiles { p50: 1.0, p90: 2.0, p99: 3.0, p999: 4.0 });
        Measured {
            bench: "append",
            mix: mix.to_owned(),
            subject: subject.to_owned(),
            writers,
            rounds: per_second
                .iter()
                .map(|&per_second| Round { commands: 1, per_second, took, batch: None })
                .collect(),
        }
    }

    #[test]
    fn ratios_compare_the_same_rounds() {
        let ours = measured("agrodeep", "distinct", 64, &[100.0, 10.0, 40.0]);
        let theirs = measured("raw", "distinct", 64, &[50.0, 1.0, 10.0]);
        // The medians' ratio would be 4, too; the first and the second round tell that the machine was slower in the second.
        assert_eq!(ours.times(&theirs), Spread { median: 4.0, least: 2.0, most: 10.0 });
    }

    #[test]
    fn a_line_has_medians_and_ranges() {
        let line = serde_json::to_value(measured("raw", "hot", 8, &[3.0, 1.0, 2.0]).line()).expect("JSON");
        assert_eq!(line["per_second"], 2.0);
        assert_eq!(line["per_second_min"], 1.0);
        assert_eq!(line["per_second_max"], 3.0);
        assert_eq!(line["p99_ms"], 3.0);
        assert!(line.get("batch").is_none());
    }
}
