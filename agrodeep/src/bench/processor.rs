//! How much of the processor's time went to whom, as Linux counts it.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::Context;

/// `USER_HZ`: how many ticks `/proc` has a second, on every architecture that Linux knows today.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time of those who share the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessorTime {
    /// The process that runs the house.
    house: Duration,
    /// The PostgreSQL that it has started.
    postgres: Duration,
    /// The process of the buyers, and of this benchmark.
    buyers: Duration,
}

/// A process, as far as it matters here.
struct Process {
    parent: u32,
    is_postgres: bool,
    ticks: u64,
}

impl ProcessorTime {
    /// Of the house that runs as process `house` up to now.
    pub fn now(house: u32) -> anyhow::Result<Self> {
        let processes = all()?;
        let mut time = Self::default();
        for (id, process) in &processes {
            let part = if *id == std::process::id() {
                &mut time.buyers
            } else if !is_within(&processes, *id, house) {
                continue;
            } else if process.is_postgres {
                &mut time.postgres
            } else {
                &mut time.house
            };
            *part += Duration::from_millis(process.ticks * 1000 / TICKS_PER_SECOND);
        }
        Ok(time)
    }

    /// What was used between `before` and this.
    pub fn since(self, before: Self) -> Self {
        Self {
            house: self.house.saturating_sub(before.house),
            postgres: self.postgres.saturating_sub(before.postgres),
            buyers: self.buyers.saturating_sub(before.buyers),
        }
    }

    pub fn add(&mut self, other: Self) {
        self.house += other.house;
        self.postgres += other.postgres;
        self.buyers += other.buyers;
    }

    /// Whose it is, and how much.
    pub fn parts(self) -> [(&'static str, Duration); 3] {
        [("agrodeep up", self.house), ("PostgreSQL", self.postgres), ("the buyers", self.buyers)]
    }
}

fn all() -> anyhow::Result<HashMap<u32, Process>> {
    let mut processes = HashMap::new();
    for entry in fs::read_dir("/proc").context("reading /proc")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse() else { continue };
        // One that has just ended has no file any more.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        if let Some(process) = parse(&stat) {
            processes.insert(id, process);
        }
    }
    Ok(processes)
}

/// A line of `/proc/<pid>/stat`, see proc(5).
fn parse(stat: &str) -> Option<Process> {
    // The name may have anything in it, brackets and blanks too.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = after.split_ascii_whitespace().collect();
    // The time of children that have ended counts, too: PostgreSQL's parallel workers and vacuums are such.
    let ticks: u64 = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(Process { parent: fields.get(1)?.parse().ok()?, is_postgres: name.starts_with("postgres"), ticks })
}

/// Whether a process is `ancestor` or descends from it.
fn is_within(processes: &HashMap<u32, Process>, id: u32, ancestor: u32) -> bool {
    let mut id = id;
    loop {
        if id == ancestor {
            return true;
        }
        match processes.get(&id) {
            Some(process) if process.parent != id && process.parent != 0 => id = process.parent,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_counts_with_its_ended_children() {
        let stat = "42 (postgres: x) (y)) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 99 1 2";
        let process = parse(stat).expect("a process");
        assert_eq!((process.parent, process.is_postgres, process.ticks), (7, true, 127));
        assert!(parse("42 (x").is_none());
    }

    #[test]
    fn this_process_is_the_buyers_and_its_children_are_the_house() {
        let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let processes = all().expect("processes");
        assert!(is_within(&processes, sleeper.id(), std::process::id()));
        assert!(!is_within(&processes, std::process::id(), sleeper.id()));
        assert!(ProcessorTime::now(sleeper.id()).is_ok());
        sleeper.kill().expect("killed");
        sleeper.wait().expect("ended");
    }
}
