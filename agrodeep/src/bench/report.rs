//! `agrodeep bench report`: everything measured, written into the documentation.

mod machine;
mod markers;
mod settings;

use std::{fmt::Write, path::PathBuf};

use anyhow::Context;
use clap::Args;

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
    search::SearchBench,
};

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
    /// Print one JSON line a figure, too
    #[arg(long)]
    pub json: bool,
}

impl ReportBench {
    pub async fn run(self) -> anyhow::Result<()> {
        // Whatever would be found out only after an hour is found out first.
        let page = self.docs.join("performance.md");
        let text = std::fs::read_to_string(&page).with_context(|| format!("reading {}", page.display()))?;
        markers::replace(&text, "").with_context(|| page.display().to_string())?;
        let figures = self.docs.join("figures");
        std::fs::create_dir_all(&figures).with_context(|| format!("creating {}", figures.display()))?;

        let outcomes = self.measure().await?;
        for chart in outcomes.outcomes.iter().flat_map(|outcome| &outcome.charts) {
            chart.draw(&figures)?;
        }
        let text = std::fs::read_to_string(&page)?;
        std::fs::write(&page, markers::replace(&text, &outcomes.markdown(self.quick))?)
            .with_context(|| format!("writing {}", page.display()))?;
        for outcome in &outcomes.outcomes {
            if self.json {
                print!("{}", outcome.json_lines()?);
            }
        }
        eprintln!("written: {} and {}/*.svg", page.display(), figures.display());
        Ok(())
    }

    async fn measure(&self) -> anyhow::Result<Everything> {
        let effort = if self.quick {
            Effort { seconds: 1, rounds: 2 }
        } else {
            Effort { seconds: self.seconds, rounds: self.rounds }
        };
        let (events, appends) = if self.quick { (1_000_000, 100_000) } else { (self.events, self.appends) };
        let json = self.json;
        let place = Place { database_url: None, private: self.place.clone() };
        let private = || self.place.clone();
        let growth = GrowthBench { events, appends, effort, place: private(), json };
        growth.ensure_room()?;
        let append = AppendBench { writers: vec![64, 256], effort, place: place.clone(), json };
        let hot = HotBench { writers: 64, effort, place: place.clone(), json };
        let latency = LatencyBench { effort, place: place.clone(), json };
        let load = LoadBench { effort, place: place.clone(), json };
        let processes = ProcessesBench { writers: 64, effort, place: place.clone(), json };
        let (rounds, log) = (effort.rounds, if self.quick { 100_000 } else { 1_000_000 });
        let replay = ReplayBench { events: log, rounds, place: private(), json };
        let project = ProjectBench { events: log, rounds, place: private(), json };
        let rebuild = RebuildBench { events: log / 10, rounds, place: private(), json };

        // Growth is measured while this process has done nothing else: its memory is what is looked at.
        eprintln!("growth ({events} events)");
        let server = BenchServer::private(&self.place)?;
        let growth = growth.measure(&server).await?;
        drop(server);
        // Whatever a long log has left for the disk to do is not for the others to wait for.
        settle().await?;
        let server = BenchServer::private(&self.place)?;
        eprintln!("append");
        let append = append.measure(&server).await?;
        eprintln!("hot");
        let hot = hot.measure(&server).await?;
        eprintln!("latency");
        let latency = latency.measure(&server).await?;
        eprintln!("processes");
        let processes = processes.measure(&server).await?;
        eprintln!("replay");
        let replay = replay.measure(&server).await?;
        eprintln!("project");
        let project = project.measure(&server).await?;
        eprintln!("rebuild");
        let rebuild = rebuild.measure(&server).await?;
        eprintln!("load");
        let load = load.measure(&server).await?;
        eprintln!("positions");
        let positions = PositionsBench { drivers: 32, reports: 1_000, effort, place: place.clone(), json };
        let positions = positions.measure(&server).await?;
        eprintln!("routes");
        let routes = RoutesBench { clients: 16, effort, place: self.place.clone(), json }.measure().await?;
        let mut outcomes =
            vec![append, hot, latency, processes, growth, load, positions, replay, project, rebuild, routes];
        if let Some(from) = self.journey.clone() {
            eprintln!("search");
            let search = SearchBench { from: Some(from.clone()), effort, place, json };
            outcomes.push(search.measure(&server).await?);
            eprintln!("recommendations");
            outcomes.push(RecommendationsBench { from, json }.measure().await?);
        }
        let machine = machine::describe(server.folder())?;
        let database = server.database("bench_settings").await?;
        let settings = settings::describe(&database.url).await?;
        Ok(Everything { outcomes, machine, settings })
    }
}

struct Everything {
    outcomes: Vec<Outcome>,
    machine: String,
    settings: String,
}

impl Everything {
    fn markdown(&self, quick: bool) -> String {
        let mut text = format!(
            "Measured on {} by `agrodeep bench report{}`{}. Figures are medians of rounds, with the least and the most of all \
             rounds in brackets; ratios compare the same rounds.\n",
            chrono::Utc::now().format("%d %B %Y"),
            if quick { " --quick" } else { "" },
            if quick { " (short rounds: to see that it works, not to quote)" } else { "" },
        );
        for outcome in &self.outcomes {
            let _ = write!(text, "\n## {}\n\n{}", outcome.title, outcome.markdown());
            for chart in &outcome.charts {
                let _ = write!(text, "\n![{}](figures/{}.svg)\n", chart.title, chart.name);
            }
        }
        let _ = write!(text, "\n## The machine and its settings\n\n{}\n{}", self.machine, self.settings);
        text
    }
}
