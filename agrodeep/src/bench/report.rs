//! `agrodeep bench report`: everything measured, written into the documentation.

mod machine;
mod page;
mod settings;

use std::{fmt::Write, path::PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use self::page::Page;

use super::{
    append::AppendBench,
    contest::{Effort, settle},
    database::{BenchServer, Place, PrivatePlace},
    growth::GrowthBench,
    hot::HotBench,
    latency::LatencyBench,
    load::LoadBench,
    outcome::Outcome,
    positions::PositionsBench,
    processes::ProcessesBench,
    project::ProjectBench,
    rebuild::RebuildBench,
    recommendations::RecommendationsBench,
    replay::ReplayBench,
    routes::RoutesBench,
    saga::SagaBench,
    search::SearchBench,
};
use crate::import::CompleteJourney;

/// A part of the report, in the order in which they stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Part {
    Append,
    Hot,
    Latency,
    Processes,
    Growth,
    Load,
    Replay,
    Project,
    Rebuild,
    Saga,
    Positions,
    Routes,
    Search,
    Recommendations,
}

impl Part {
    /// In the order in which they are measured. Growth while this process has done nothing else: its memory is what is looked
    /// at.
    const ALL: [Self; 14] = [
        Self::Growth,
        Self::Append,
        Self::Hot,
        Self::Latency,
        Self::Processes,
        Self::Replay,
        Self::Project,
        Self::Rebuild,
        Self::Load,
        Self::Saga,
        Self::Positions,
        Self::Routes,
        Self::Search,
        Self::Recommendations,
    ];

    /// Whether it is measured on the data set.
    fn needs_journey(self) -> bool {
        matches!(self, Self::Search | Self::Recommendations)
    }
}

/// Measure everything, and write tables and drawings into docs/performance.md and docs/figures
#[derive(Args, Debug)]
pub struct ReportBench {
    /// The folder of the documentation
    #[arg(long, value_name = "DIR", default_value = "docs")]
    docs: PathBuf,
    /// Short rounds and a log of a million events: to see that it works, not to quote
    #[arg(long, conflicts_with_all = ["seconds", "rounds", "events", "appends"])]
    quick: bool,
    /// How long each subject is measured in each round, in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// How many rounds, each of all subjects in turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How many events the long log has
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(100_001..=1_000_000_000))]
    events: u64,
    /// How many events are appended to see what they leave behind
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    appends: u64,
    #[command(flatten)]
    place: PrivatePlace,
    /// The folder of the data set that searches and recommendations are measured on, see docs/importing.md; without it they
    /// are left out
    #[arg(long, value_name = "DIR")]
    journey: Option<PathBuf>,
    /// Measure this part only, and leave the others as they stand on the page; can be given several times
    #[arg(long, value_name = "PART", value_enum)]
    only: Vec<Part>,
    /// Print one JSON line a figure, too
    #[arg(long)]
    pub json: bool,
}

impl ReportBench {
    pub async fn run(self) -> anyhow::Result<()> {
        // Whatever would be found out only after an hour is found out first.
        let path = self.docs.join("performance.md");
        Page::read(&path)?;
        let figures = self.docs.join("figures");
        std::fs::create_dir_all(&figures).with_context(|| format!("creating {}", figures.display()))?;
        let parts = self.parts()?;

        let measured = self.measure(&parts).await?;
        for chart in measured.outcomes.iter().flat_map(|(_, outcome)| &outcome.charts) {
            chart.draw(&figures)?;
        }
        let mut page = Page::read(&path)?;
        if self.only.is_empty() {
            page.replace(&measured.whole(self.quick));
        } else {
            for (part, outcome) in &measured.outcomes {
                page.replace_section(outcome.title, &section_alone(*part, outcome, self.quick));
            }
        }
        page.write(&path)?;
        for (_, outcome) in &measured.outcomes {
            if self.json {
                print!("{}", outcome.json_lines()?);
            }
        }
        eprintln!("written: {} and {}/*.svg", path.display(), figures.display());
        Ok(())
    }

    /// What is measured.
    fn parts(&self) -> anyhow::Result<Vec<Part>> {
        if let Some(journey) = &self.journey {
            CompleteJourney::check(journey).with_context(|| journey.display().to_string())?;
        }
        for part in &self.only {
            ensure!(
                !part.needs_journey() || self.journey.is_some(),
                "this part is measured on a data set: --journey must say where it is"
            );
        }
        let is_wanted = |part: &Part| {
            if self.only.is_empty() {
                !part.needs_journey() || self.journey.is_some()
            } else {
                self.only.contains(part)
            }
        };
        Ok(Part::ALL.into_iter().filter(is_wanted).collect())
    }

    async fn measure(&self, parts: &[Part]) -> anyhow::Result<Everything> {
        let growth = self.growth();
        if parts.contains(&Part::Growth) {
            growth.ensure_room()?;
        }
        let mut outcomes = Vec::new();
        if parts.contains(&Part::Growth) {
            eprintln!("growth ({} events)", growth.events);
            let server = BenchServer::private(&self.place).await?;
            outcomes.push((Part::Growth, growth.measure(&server).await?));
        }
        // Whatever a long log has left for the disk to do is not for the others to wait for.
        settle().await?;
        let server = BenchServer::private(&self.place).await?;
        for &part in parts.iter().filter(|part| **part != Part::Growth) {
            let name = part.to_possible_value().context("a part has a name")?;
            eprintln!("{}", name.get_name());
            outcomes.push((part, self.measure_part(part, &server).await?));
        }
        outcomes.sort_by_key(|(part, _)| *part);
        let machine = machine::describe(server.folder())?;
        let database = server.database("bench_settings").await?;
        let settings = settings::describe(&database.url).await?;
        Ok(Everything { outcomes, machine, settings })
    }

    async fn measure_part(&self, part: Part, server: &BenchServer) -> anyhow::Result<Outcome> {
        let (effort, json) = (self.effort(), self.json);
        let place = || Place { database_url: None, private: self.place.clone() };
        let private = || self.place.clone();
        let (rounds, events) = (effort.rounds, if self.quick { 100_000 } else { 1_000_000 });
        match part {
            Part::Growth => self.growth().measure(server).await,
            Part::Append => {
                AppendBench { writers: vec![64, 256], effort, place: place(), json }.measure(server).await
            }
            Part::Hot => HotBench { writers: 64, effort, place: place(), json }.measure(server).await,
            Part::Latency => LatencyBench { effort, place: place(), json }.measure(server).await,
            Part::Processes => {
                ProcessesBench { writers: 64, effort, place: place(), json }.measure(server).await
            }
            Part::Load => LoadBench { effort, place: place(), json }.measure(server).await,
            Part::Replay => ReplayBench { events, rounds, place: private(), json }.measure(server).await,
            Part::Project => ProjectBench { events, rounds, place: private(), json }.measure(server).await,
            Part::Rebuild => {
                RebuildBench { events: events / 10, rounds, place: private(), json }.measure(server).await
            }
            Part::Saga => SagaBench { clients: 32, effort, place: private(), json }.measure().await,
            Part::Positions => {
                let positions = PositionsBench { drivers: 32, reports: 1_000, effort, place: place(), json };
                positions.measure(server).await
            }
            Part::Routes => RoutesBench { clients: 16, effort, place: private(), json }.measure().await,
            Part::Search => {
                SearchBench { from: self.journey.clone(), effort, place: place(), json }.measure(server).await
            }
            Part::Recommendations => {
                let from = self.journey.clone().context("a data set")?;
                RecommendationsBench { from, json }.measure().await
            }
        }
    }

    fn effort(&self) -> Effort {
        if self.quick {
            Effort { seconds: 1, rounds: 2 }
        } else {
            Effort { seconds: self.seconds, rounds: self.rounds }
        }
    }

    fn growth(&self) -> GrowthBench {
        let (events, appends) = if self.quick { (1_000_000, 100_000) } else { (self.events, self.appends) };
        GrowthBench { events, appends, effort: self.effort(), place: self.place.clone(), json: self.json }
    }
}

struct Everything {
    outcomes: Vec<(Part, Outcome)>,
    machine: String,
    settings: String,
}

impl Everything {
    fn whole(&self, quick: bool) -> String {
        let mut text = format!(
            "{} Figures are medians of rounds, with the least and the most of all rounds in brackets; ratios compare the same \
             rounds.\n",
            measured_by("", quick),
        );
        for (_, outcome) in &self.outcomes {
            let _ = write!(text, "\n## {}\n\n{}", outcome.title, section(outcome));
        }
        let _ = write!(text, "\n## {}\n\n{}\n{}", page::LAST_SECTION, self.machine, self.settings);
        text
    }
}

fn section(outcome: &Outcome) -> String {
    let mut text = outcome.markdown();
    for chart in &outcome.charts {
        let _ = write!(text, "\n![{}](figures/{}.svg)\n", chart.title, chart.name);
    }
    text
}

/// A section that was measured at another time than those beside it.
fn section_alone(part: Part, outcome: &Outcome, quick: bool) -> String {
    let name = part.to_possible_value().map_or_else(String::new, |part| part.get_name().to_owned());
    format!("{}\n\n{}", measured_by(&format!(" --only {name}"), quick), section(outcome))
}

fn measured_by(options: &str, quick: bool) -> String {
    format!(
        "Measured on {} by `agrodeep bench report{options}{}`{}.",
        chrono::Utc::now().format("%d %B %Y"),
        if quick { " --quick" } else { "" },
        if quick { " (short rounds: to see that it works, not to quote)" } else { "" },
    )
}
