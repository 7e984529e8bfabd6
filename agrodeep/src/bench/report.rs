//! What was measured, for people and for machines.

use serde::Serialize;

/// One subject's figures in one mix. Every `agrodeep bench … --json` prints lines of this form.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Which benchmark.
    pub bench: &'static str,
    /// What was asked.
    pub mix: String,
    /// Who was asked.
    pub subject: String,
    /// How many asked at the same time.
    pub writers: usize,
    /// Commands a second.
    pub per_second: f64,
    /// Half of the commands took no longer.
    pub p50_ms: f64,
    /// 99 of 100 commands took no longer.
    pub p99_ms: f64,
}

/// A table with each subject's figures and how many times `ours` does what it does.
pub fn print_table(figures: &[Figures], ours: &str) {
    println!("| mix | subject | writers | commands/s | p50 ms | p99 ms | {ours} is |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    for row in figures {
        let ratio = figures
            .iter()
            .find(|other| other.mix == row.mix && other.subject == ours)
            .filter(|_| row.subject != ours && row.per_second > 0.0)
            .map_or(String::new(), |other| format!("{:.1} ×", other.per_second / row.per_second));
        println!(
            "| {} | {} | {} | {:.0} | {:.2} | {:.2} | {ratio} |",
            row.mix, row.subject, row.writers, row.per_second, row.p50_ms, row.p99_ms
        );
    }
}
