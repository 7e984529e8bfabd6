//! What a measured ratio was to be.

use std::fmt;

use serde_json::json;

use super::spread::Spread;

/// Which side of the bound is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

/// A goal, and what came of it.
#[derive(Clone, Debug)]
pub struct Goal {
    pub bench: &'static str,
    /// What is compared with what.
    pub what: String,
    pub wanted: Wanted,
    /// Written behind the figures: ` ×`, ` %`, ` ms`.
    pub unit: &'static str,
    pub measured: Spread,
}

impl Goal {
    /// Whether the median is where it was wanted.
    pub fn reached(&self) -> bool {
        match self.wanted {
            Wanted::AtLeast(bound) => self.measured.median >= bound,
            Wanted::AtMost(bound) => self.measured.median <= bound,
        }
    }

    /// For machines.
    pub fn line(&self) -> serde_json::Value {
        let (sign, bound) = match self.wanted {
            Wanted::AtLeast(bound) => (">=", bound),
            Wanted::AtMost(bound) => ("<=", bound),
        };
        json!({
            "bench": self.bench, "goal": self.what, "wanted": format!("{sign} {bound}{}", self.unit),
            "median": self.measured.median, "min": self.measured.least, "max": self.measured.most,
            "reached": self.reached(),
        })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
            Self::AtMost(bound) => write!(f, "≤ {bound}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_decides() {
        let goal = |wanted| Goal {
            bench: "append",
            what: String::new(),
            wanted,
            unit: " ×",
            measured: Spread { median: 10.0, least: 8.0, most: 12.0 },
        };
        assert!(goal(Wanted::AtLeast(10.0)).reached());
        assert!(!goal(Wanted::AtLeast(10.1)).reached());
        assert!(goal(Wanted::AtMost(10.0)).reached());
        assert!(!goal(Wanted::AtMost(9.9)).reached());
    }
}
