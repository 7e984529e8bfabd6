//! How long single commands took.

use std::time::Duration;

/// Every single duration, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    pub fn record(&mut self, duration: Duration) {
        self.0.push(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// All of them, for another process.
    pub fn as_micros(&self) -> &[u32] {
        &self.0
    }

    /// What [`Self::as_micros`] told of another process.
    pub fn from_micros(micros: Vec<u32>) -> Self {
        Self(micros)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that `per_cent` of all do not exceed (nearest rank), in milliseconds.
    pub fn percentile_ms(&mut self, per_cent: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        let rank = ((per_cent / 100.0) * self.0.len() as f64).ceil() as usize;
        let index = rank.clamp(1, self.0.len()) - 1;
        let (_, value, _) = self.0.select_nth_unstable(index);
        f64::from(*value) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut latencies = Latencies::default();
        for millisecond in (1..=100).rev() {
            latencies.record(Duration::from_millis(millisecond));
        }
        assert!((latencies.percentile_ms(50.0) - 50.0).abs() < 1e-9);
        assert!((latencies.percentile_ms(99.0) - 99.0).abs() < 1e-9);
        assert!((latencies.percentile_ms(100.0) - 100.0).abs() < 1e-9);
        assert!(Latencies::default().percentile_ms(50.0).abs() < 1e-9);
    }
}
