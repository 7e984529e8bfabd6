//! `agrodeep parked`: what read models could not apply, and what is done about it.

use std::time::Duration;

use agrodeep_event_store::StreamId;
use agrodeep_projections::{
    Model, Page,
    parking::{
        Decision, DecisionKind, Outcome, ParkedAggregate, ParkedFilter, ParkingDesk, Verdict, stream_named,
    },
    search::parked_in,
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Common,
    compose::{self, configured_log, parking_desk},
    data_dir::DataDir,
    database::Databases,
    settings::Settings,
    telemetry,
    terminal::{say, say_table},
};

/// How long is waited for a projection that runs elsewhere.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many parked aggregates are listed at the most.
const LISTED_MAX: u32 = 1000;
/// Who decides on the command line.
const OPERATOR: &str = "operator";

/// See what read models could not apply, and decide about it
#[derive(Debug, Subcommand)]
pub enum Parked {
    List(List),
    Show(Show),
    Retry(Retry),
    Skip(Skip),
    ReplayAll(ReplayAll),
}

/// List what is parked, the longest parked first
#[derive(Args, Debug)]
pub struct List {
    /// Only what is parked in this read model
    #[arg(long, value_name = "NAME")]
    projection: Option<Model>,
}

/// Show one parked aggregate: its events, and what has been decided about it
#[derive(Args, Debug)]
pub struct Show {
    #[command(flatten)]
    what: What,
}

/// Apply what is parked of an aggregate again, reading it from the log anew
#[derive(Args, Debug)]
pub struct Retry {
    #[command(flatten)]
    what: What,
}

/// Leave out, for good, the event that could not be applied, and apply what waits behind it
#[derive(Args, Debug)]
pub struct Skip {
    #[command(flatten)]
    what: What,
    /// Why it can be left out, for those who ask later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decides
    #[arg(long, value_name = "NAME", default_value = OPERATOR)]
    by: String,
}

/// Apply everything again that is parked
#[derive(Args, Debug)]
pub struct ReplayAll {
    /// Only what is parked in this read model
    #[arg(long, value_name = "NAME")]
    projection: Option<Model>,
}

#[derive(Args, Debug)]
struct What {
    /// The read model, such as orders
    #[arg(value_name = "PROJECTION")]
    projection: Model,
    /// The aggregate's stream, such as order-01919d2e-6a4b-7c11-9d3e-2f0a55b2c001
    #[arg(value_name = "STREAM", value_parser = parse_stream)]
    stream: StreamId,
}

fn parse_stream(text: &str) -> Result<StreamId, String> {
    stream_named(text)
        .ok_or_else(|| "a stream is written like order-01919d2e-6a4b-7c11-9d3e-2f0a55b2c001".to_owned())
}

impl Parked {
    pub async fn run(self, common: &Common) -> Result<()> {
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(&settings, &data_dir).await?;
        let done = async {
            databases.ensure_migrated().await?;
            let desk = parking_desk(&databases)?;
            let clerk = Clerk { desk, settings: &settings, databases: &databases };
            match self {
                Self::List(List { projection }) => clerk.list(projection, &data_dir).await,
                Self::Show(Show { what }) => clerk.show(&what).await,
                Self::Retry(Retry { what }) => clerk.decide(&what, Verdict::Retry, OPERATOR).await,
                Self::Skip(Skip { what, reason, by }) => {
                    clerk.decide(&what, Verdict::Skip { reason }, &by).await
                }
                Self::ReplayAll(ReplayAll { projection }) => clerk.replay_all(projection).await,
            }
        };
        let done = done.await;
        databases.stop().await;
        done
    }
}

struct Clerk<'a> {
    desk: ParkingDesk,
    settings: &'a Settings,
    databases: &'a Databases,
}

impl Clerk<'_> {
    async fn list(&self, projection: Option<Model>, data_dir: &DataDir) -> Result<()> {
        let page = Page { page: 1, limit: LISTED_MAX };
        let found = self.desk.parked(ParkedFilter { projection }, page).await?;
        let mut parked = found.items;
        let index = compose::index_dir(data_dir);
        if index.exists() && projection.is_none_or(|model| model == Model::Search) {
            parked.extend(parked_in(&index).context("the product index of this data folder")?);
        }
        if parked.is_empty() {
            say("Nothing is parked.");
            return Ok(());
        }
        let header = ["projection", "stream", "position", "event", "error", "since", "waiting"];
        let mut rows = vec![header.map(str::to_owned)];
        rows.extend(parked.iter().map(row));
        say_table("  ", &rows);
        if found.total > u64::from(LISTED_MAX) {
            say(format!("  … {} in all", found.total));
        }
        Ok(())
    }

    async fn show(&self, What { projection, stream }: &What) -> Result<()> {
        let Some(detail) = self.desk.show(*projection, stream).await? else {
            bail!("{stream} is not parked in {projection}");
        };
        match &detail.parked {
            None => say(format!("{stream} is not parked in {projection} any more.")),
            Some(parked) => {
                say(format!(
                    "{stream} is parked in {projection} since {}.",
                    parked.since.format("%F %T UTC")
                ));
                say(format!(
                    "  error   {}",
                    parked.error.as_deref().unwrap_or("(being applied at this moment)")
                ));
                for event in &detail.events {
                    let role = event.error_class.as_deref().unwrap_or("waits");
                    say(format!("  {:>9}  {}  {role}", event.position, event.event_type));
                }
                let shown = detail.events.len() as u64;
                if parked.waiting + 1 > shown {
                    say(format!("  … and {} more that wait", parked.waiting + 1 - shown));
                }
            }
        }
        for decision in &detail.decisions {
            say(format!("  {}", told(decision)));
        }
        Ok(())
    }

    async fn decide(&self, what: &What, verdict: Verdict, by: &str) -> Result<()> {
        let What { projection, stream } = what;
        let id = self.desk.decide(*projection, stream, &verdict, by).await?;
        let decision = self.carried_out(&[id]).await?.pop().context("the decision is gone")?;
        match decision.outcome {
            Some(Outcome::Released) => {
                say(format!(
                    "Released: {} events were applied, nothing of {stream} is parked any more.",
                    decision.applied
                ));
                Ok(())
            }
            Some(Outcome::StillParked) => {
                self.show(what).await?;
                bail!("{stream} is still parked in {projection}; {} events were applied", decision.applied)
            }
            Some(Outcome::NotParked) => bail!("{stream} was not parked any more"),
            None => bail!(
                "it is taken down, but not carried out yet: the projection does not run, or is behind (`agrodeep status`)"
            ),
        }
    }

    async fn replay_all(&self, projection: Option<Model>) -> Result<()> {
        let ids = self.desk.retry_all(projection, OPERATOR).await?;
        let decisions = self.carried_out(&ids).await?;
        let count = |outcome| decisions.iter().filter(|decision| decision.outcome == outcome).count();
        let (still, pending) = (count(Some(Outcome::StillParked)), count(None));
        say(format!("{} were parked; {} are released.", decisions.len(), count(Some(Outcome::Released))));
        if still + pending > 0 {
            bail!("{still} are still parked, of {pending} it is not known yet");
        }
        Ok(())
    }

    /// Where nobody runs the projections, they run here until it is done.
    async fn carried_out(&self, ids: &[i64]) -> Result<Vec<Decision>> {
        if !self.databases.is_private() {
            return Ok(self.desk.carried_out(ids, PATIENCE).await?);
        }
        let log = configured_log(self.settings, self.databases).await?;
        let (projections, pool) = compose::projections(log, self.settings, self.databases)?;
        let stop = CancellationToken::new();
        let running = tokio::spawn(projections.run(stop.clone()));
        let decisions = self.desk.carried_out(ids, PATIENCE).await;
        stop.cancel();
        running.await?;
        pool.close().await;
        Ok(decisions?)
    }
}

fn row(parked: &ParkedAggregate) -> [String; 7] {
    [
        parked.projection.clone(),
        parked.stream.to_string(),
        parked.position.to_string(),
        parked.event_type.clone(),
        parked.error_class.clone().unwrap_or_else(|| "-".to_owned()),
        parked.since.format("%F %T").to_string(),
        parked.waiting.to_string(),
    ]
}

fn told(decision: &Decision) -> String {
    let (at, by) = (decision.decided_at.format("%F %T UTC"), &decision.decided_by);
    let what = match &decision.kind {
        DecisionKind::Retry => "retried".to_owned(),
        DecisionKind::Skip { position, reason } => {
            let event_type = decision.event_type.as_deref().unwrap_or("event");
            format!("skipped {event_type} at {position} ({reason})")
        }
    };
    let outcome = decision.outcome.map_or("not carried out yet", Outcome::as_str).replace('_', " ");
    format!("{at}  {by} {what}: {outcome}, {} applied", decision.applied)
}
