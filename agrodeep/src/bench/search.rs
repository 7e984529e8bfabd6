//! `agrodeep bench search`: the product index beside what PostgreSQL brings along, on the same rows and queries.

mod judged;
mod searchers;
mod shelf;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;

use self::{
    judged::{FIRST, Judged},
    searchers::Searcher,
    shelf::Shelf,
};
use super::{
    contest::{Effort, WARM_UP, settle},
    database::{BenchServer, Place},
    durations::Latencies,
    goal::{Goal, Wanted},
    measured::{Measured, Round},
    outcome::{OURS, Outcome},
    spread::Spread,
};
use crate::import::CompleteJourney;

/// What people search for, as figures are told apart.
const MIX: &str = "judged queries";

/// How long a search takes, and how good it is: ours beside PostgreSQL's full text and pg_trgm
#[derive(Args, Debug)]
pub struct SearchBench {
    /// The folder with the data set's products.parquet and transactions.parquet, see docs/importing.md [default: the demo
    /// catalogue alone, which says little]
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

impl SearchBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let journey = match self.from.clone() {
            Some(from) => Some(read(from).await?),
            None => None,
        };
        let database = server.database("bench_search").await?;
        let shelf = Shelf::fill(&database, journey.as_ref()).await?;
        let judged = Judged::all()?;
        let searchers = searchers::all(&shelf).await?;
        let mut quality = Vec::new();
        for searcher in &searchers {
            quality.push(judge(&**searcher, &judged).await?);
        }
        let figures = self.time(&searchers, &judged).await?;
        let method = format!(
            "{} judged queries (plurals, missing accents, typing errors, several words; English on the data set, French on the \
             demo catalogue) over {} products, one after the other, the first 20 of each. agrodeep: the index and the rows of \
             what it found, with facets, suggestions and highlights. PostgreSQL: the same texts in one column, `tsvector` of \
             both languages or trigrams, each with a GIN index, ranked and counted, without facets. {}; {}.",
            judged.len(),
            shelf.products,
            database.server,
            self.effort.describe(),
        );
        let mut outcome = Outcome::new("search", "Search", method, figures);
        for (searcher, missed) in searchers.iter().zip(&quality) {
            let right = (judged.len() - missed.len()) as f64;
            outcome.fact(format!("found in the first {FIRST}: {}", searcher.name()), right, "");
            if searcher.name() == OURS && !missed.is_empty() {
                eprintln!("not in the first {FIRST}: {}", missed.join(", "));
            }
        }
        outcome.asking = "clients";
        set_goals(&mut outcome);
        Ok(outcome)
    }

    /// How long each searcher takes, in turns.
    async fn time(
        &self,
        searchers: &[Box<dyn Searcher>],
        judged: &[Judged],
    ) -> anyhow::Result<Vec<Measured>> {
        let mut figures: Vec<Measured> = searchers
            .iter()
            .map(|searcher| Measured {
                bench: "search",
                mix: MIX.to_owned(),
                subject: searcher.name().to_owned(),
                writers: 1,
                rounds: vec![],
            })
            .collect();
        let progress = ProgressBar::new(u64::from(self.effort.rounds + 1) * searchers.len() as u64);
        for round in 0..=self.effort.rounds {
            for (searcher, figure) in searchers.iter().zip(&mut figures) {
                let duration = if round == 0 { WARM_UP } else { self.effort.duration() };
                settle().await?;
                let came = one_round(&**searcher, judged, duration).await?;
                if round > 0 {
                    figure.rounds.push(came);
                }
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        Ok(figures)
    }
}

fn set_goals(outcome: &mut Outcome) {
    let Some(ours) = outcome.find(OURS, MIX, 1) else { return };
    let mut goals = Vec::new();
    for other in outcome.figures.iter().filter(|figure| figure.subject != OURS) {
        for (name, of) in
            [("p50", (|took| took.p50) as fn(&super::measured::Percentiles) -> f64), ("p99", |took| took.p99)]
        {
            let pairs = ours.rounds.iter().zip(&other.rounds);
            let ratios =
                pairs.filter_map(|(ours, theirs)| Some(of(theirs.took.as_ref()?) / of(ours.took.as_ref()?)));
            goals.push(Goal {
                bench: "search",
                what: format!("{name}: {} takes so many times as long", other.subject),
                wanted: Wanted::AtLeast(1.0),
                unit: " ×",
                measured: Spread::of(ratios),
            });
        }
    }
    outcome.goals = goals;
}

async fn read(from: PathBuf) -> anyhow::Result<CompleteJourney> {
    tokio::task::spawn_blocking(move || {
        CompleteJourney::read(&from).with_context(|| from.display().to_string())
    })
    .await?
}

/// The queries of which the first results are not what they must be.
async fn judge(searcher: &dyn Searcher, judged: &[Judged]) -> anyhow::Result<Vec<String>> {
    let mut missed = Vec::new();
    for judged in judged {
        let found = searcher.search(&judged.query, judged.language).await?;
        if !judged.is_satisfied_by(&found) {
            missed.push(judged.query.clone());
        }
    }
    Ok(missed)
}

/// All queries, whole turns of them, for about `duration`: nobody is measured on other queries than the rest.
async fn one_round(searcher: &dyn Searcher, judged: &[Judged], duration: Duration) -> anyhow::Result<Round> {
    let began = Instant::now();
    let mut latencies = Latencies::default();
    while latencies.count() == 0 || began.elapsed() < duration {
        for judged in judged {
            let asked = Instant::now();
            searcher.search(&judged.query, judged.language).await?;
            latencies.record(asked.elapsed());
        }
    }
    Ok(Round::of(latencies, began.elapsed()))
}

#[cfg(test)]
mod tests {
    use agrodeep_domain::Language;

    use super::*;
    use crate::bench::database::PrivatePlace;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_searched_for_in_french_is_among_the_first_three_of_the_demo_catalogue() {
        let server = BenchServer::fresh(&PrivatePlace::default()).expect("a server");
        let database = server.database("judged").await.expect("a database");
        let shelf = Shelf::fill(&database, None).await.expect("products");
        let searchers = searchers::all(&shelf).await.expect("searchers");
        let french: Vec<Judged> = Judged::all()
            .expect("judged queries")
            .into_iter()
            .filter(|judged| judged.language == Language::Fr)
            .collect();
        let missed = judge(&*searchers[0], &french).await.expect("searches");
        assert_eq!(missed, [] as [&str; 0]);
    }
}
