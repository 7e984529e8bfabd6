//! `agrodeep bench growth`: whether a long log is as fast as a short one, whether the process' memory stays flat, and what
//! many appends leave behind in the row that holds the head.

mod bloat;
mod disk;
pub(super) mod fill;
mod loading;
mod memory;

use std::sync::Arc;

use agrodeep_commands::executor::ExecutorSettings;
use agrodeep_event_store::postgres::STREAMS_SEEN_MAX;
use clap::Args;
use indicatif::ProgressBar;
use uuid::Uuid;

use self::{fill::Filled, loading::Loader, memory::resident_bytes};
use super::{
    axis::Scale,
    contest::{Case, Commanded, Contestant, Effort, WARM_UP},
    database::{BenchServer, PrivatePlace},
    goal::{Goal, Wanted},
    measured::{Measured, Round},
    number::whole,
    outcome::Outcome,
    plot::{Bar, BarChart, Group},
    spread::Spread,
    subjects::ours::Ours,
    workload::Mix,
};

/// How long the short log is.
const SHORT: u64 = 100_000;

/// How many write at the same time.
const WRITERS: usize = 64;

const SHORT_NAME: &str = "bench_short";
const LONG_NAME: &str = "bench_long";

const MIB: f64 = 1024.0 * 1024.0;

/// Appending and loading on a log of many events, beside a log of 100,000; memory and bloat
#[derive(Args, Debug)]
pub struct GrowthBench {
    /// How many events the long log has
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(SHORT + 1..=1_000_000_000))]
    pub events: u64,
    /// How many events are really appended, one command each, to see what they leave behind
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub appends: u64,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: PrivatePlace,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

/// One log, and what is asked of it.
struct Log {
    ours: Commanded,
    loader: Loader,
}

impl Log {
    async fn open(server: &BenchServer, name: &str, events: u64) -> anyhow::Result<Self> {
        let database = server.database(name).await?;
        let filled: Filled = fill::fill(&database.url, events).await?;
        let loader = Loader::open(&database.url, filled).await?;
        let ours = Arc::new(Ours::open(&database.url).await?);
        fill_caches(&ours).await?;
        Ok(Self { ours: Commanded(ours), loader })
    }
}

/// Writes to more aggregates than an executor keeps in memory, and to more streams than a log remembers, so that from now on the
/// memory of both has no reason to grow.
async fn fill_caches(ours: &Arc<Ours>) -> anyhow::Result<()> {
    let each = ExecutorSettings::default().aggregates_cached_max.max(STREAMS_SEEN_MAX.get()) / WRITERS + 1;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let ours = ours.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    ours.add(Uuid::now_v7()).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// What is measured of each log.
#[derive(Clone, Copy)]
enum Task {
    Append,
    LoadAnywhere,
    LoadAgain,
}

impl Task {
    /// In this order: what makes the log longer comes last.
    const ALL: [Self; 3] = [Self::LoadAgain, Self::LoadAnywhere, Self::Append];

    fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::LoadAnywhere => "load any stream",
            Self::LoadAgain => "load one of 1,000 streams",
        }
    }

    fn askers(self) -> usize {
        match self {
            Self::Append => WRITERS,
            Self::LoadAnywhere | Self::LoadAgain => loading::READERS,
        }
    }
}

fn name_of(events: u64) -> String {
    format!("{} events", whole(events as f64))
}

impl GrowthBench {
    /// Whether there is room.
    ///
    /// # Errors
    /// When there is not.
    pub fn ensure_room(&self) -> anyhow::Result<()> {
        disk::ensure_room(&self.place.base(), SHORT + self.events, self.appends)
    }

    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let before = resident_bytes()?;
        let long = Log::open(server, LONG_NAME, self.events).await?;
        let mut figures: Vec<Measured> = Task::ALL
            .into_iter()
            .flat_map(|task| [SHORT, self.events].map(|events| (task, events)))
            .map(|(task, events)| Measured {
                bench: "growth",
                mix: task.name().to_owned(),
                subject: name_of(events),
                writers: task.askers(),
                rounds: vec![],
            })
            .collect();
        let progress = ProgressBar::new((self.effort.rounds as usize + 1) as u64 * figures.len() as u64);
        let mut resident = Vec::new();
        for round in 0..=self.effort.rounds {
            // Appending makes it longer: each round has its own.
            let short = Log::open(server, SHORT_NAME, SHORT).await?;
            let mut figure = figures.iter_mut();
            for task in Task::ALL {
                for log in [&short, &long] {
                    let came = self.ask(task, log, round == 0).await?;
                    if let Some(figure) = figure.next()
                        && round > 0
                    {
                        figure.rounds.push(came);
                    }
                    progress.inc(1);
                }
            }
            resident.push(resident_bytes()?);
        }
        progress.finish_and_clear();
        drop(long);
        server.drop_database(SHORT_NAME).await?;
        server.drop_database(LONG_NAME).await?;

        let mut outcome = Outcome::new("growth", "A growing log", self.method(), figures);
        self.set_goals(&mut outcome);
        remember_memory(&mut outcome, before, &resident);
        bloat::measure(server, self.appends, &mut outcome).await?;
        let after = resident_bytes()?;
        outcome.fact("memory of this process, at the end", after / MIB, " MiB");
        outcome.charts = vec![chart(&outcome)];
        Ok(outcome)
    }

    async fn ask(&self, task: Task, log: &Log, warm_up: bool) -> anyhow::Result<Round> {
        let duration = if warm_up { WARM_UP } else { self.effort.duration() };
        match task {
            Task::Append => log.ours.round(Case { mix: Mix::Distinct, writers: WRITERS }, duration).await,
            Task::LoadAnywhere => log.loader.load_anywhere(duration).await,
            Task::LoadAgain => log.loader.load_again(duration).await,
        }
    }

    fn method(&self) -> String {
        format!(
            "Two databases on one server: one log of {}, one of {}, filled by SQL with rows like ours (64 writers' streams of ten \
             events, side by side), vacuumed and analysed; the short one anew for each round, as appending makes it longer. The \
             same is asked of both in turn, by {} readers: loading one of the same 1,000 streams of ten events, which have all \
             been loaded before; loading any stream (what the server does not have in its own memory comes from the file \
             system's cache or the disk: a short log is all in memory); then appending ({WRITERS} writers, distinct), with the \
             caches of aggregates and of streams already full. {}. For what appends leave behind, {} commands are appended to a third log.",
            name_of(SHORT),
            name_of(self.events),
            loading::READERS,
            self.effort.describe(),
            whole(self.appends as f64)
        )
    }

    fn set_goals(&self, outcome: &mut Outcome) {
        for task in Task::ALL {
            let find = |events| outcome.find(&name_of(events), task.name(), task.askers());
            let (Some(short), Some(long)) = (find(SHORT), find(self.events)) else { continue };
            let share = long.times(short).times(100.0);
            match task {
                // The short log is all in the server's memory, and the long one is not: that tells of the server's memory.
                Task::LoadAnywhere => {
                    outcome.fact(
                        format!("{}, of what the short log does (no goal)", task.name()),
                        share.median,
                        " %",
                    );
                }
                Task::Append | Task::LoadAgain => outcome.goals.push(Goal {
                    bench: "growth",
                    what: format!("{}, of what the short log does (a tenth is noise)", task.name()),
                    wanted: Wanted::AtLeast(90.0),
                    unit: " %",
                    measured: share,
                }),
            }
        }
    }
}

/// `resident` after the warm-up, by when the caches are full, then after each round.
fn remember_memory(outcome: &mut Outcome, before: f64, resident: &[f64]) {
    let (Some(&first), Some(&last)) = (resident.first(), resident.last()) else { return };
    let most = resident.iter().copied().fold(before, f64::max);
    outcome.fact("memory of this process, before anything was opened", before / MIB, " MiB");
    outcome.fact("memory of this process, after the warm-up", first / MIB, " MiB");
    outcome.fact("memory of this process, the most after a round", most / MIB, " MiB");
    outcome.fact("memory of this process, after the last round", last / MIB, " MiB");
    outcome.goals.push(Goal {
        bench: "growth",
        what: "memory of this process after each round, of after the warm-up".to_owned(),
        wanted: Wanted::AtMost(110.0),
        unit: " %",
        measured: Spread::of(resident.iter().skip(1).map(|bytes| 100.0 * bytes / first)),
    });
}

fn chart(outcome: &Outcome) -> BarChart {
    let groups = Task::ALL.map(|task| Group {
        heading: format!("{} ({} at a time)", task.name(), task.askers()),
        bars: outcome
            .figures
            .iter()
            .filter(|figure| figure.mix == task.name())
            .map(|figure| Bar { label: figure.subject.clone(), value: figure.per_second() })
            .collect(),
    });
    BarChart {
        name: "growth".to_owned(),
        title: "A short and a long log".to_owned(),
        axis: "commands, or streams loaded, a second".to_owned(),
        scale: Scale::Linear,
        groups: groups.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_compared_with_what_it_was_when_the_caches_were_full() {
        let mut outcome = Outcome::new("growth", "", String::new(), vec![]);
        remember_memory(&mut outcome, 10.0 * MIB, &[50.0 * MIB, 51.0 * MIB, 60.0 * MIB, 60.0 * MIB]);
        assert_eq!(outcome.goals.len(), 1);
        let measured = outcome.goals[0].measured;
        assert!(
            (measured.least - 102.0).abs() < 1e-9 && (measured.most - 120.0).abs() < 1e-9,
            "{measured:?}"
        );
        assert!(!outcome.goals[0].reached());
    }
}
