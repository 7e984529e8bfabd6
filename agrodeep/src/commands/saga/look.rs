//! Looking at fulfilments: many, from the read model; one, from its stream.

use std::time::Duration;

use agrodeep_domain::{
    Aggregate, OrderFulfilment,
    order_fulfilment::{Step, StepName},
};
use agrodeep_event_store::{SharedLog, StreamId};
use agrodeep_projections::{Model, Page, ReadModels, Wanted, database::connect_read, sagas::SagaFilter};
use agrodeep_read_api::{
    saga::{
        SagaStory,
        diagram::{Diagram, svg, text},
        pauses::Pauses,
    },
    views::saga::{SagaItem, SagaStepItem, SagaStepList, SagaView},
};
use anyhow::{Context, Result, bail};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Drawn, List, Show};
use crate::{
    compose,
    database::Databases,
    settings::Settings,
    terminal::{say, say_table},
};

const CONNECTIONS: u32 = 2;
/// How many are listed at the most.
const LISTED_MAX: u32 = 1000;
/// How long is waited for the read model, where it does not run otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at fulfilments.
pub struct Seeker<'a> {
    pub log: SharedLog,
    pub settings: &'a Settings,
    pub databases: &'a Databases,
}

impl Seeker<'_> {
    pub async fn list(&self, list: &List) -> Result<()> {
        let filter = SagaFilter {
            condition: list.state,
            step: list.step,
            parked: list.parked.then_some(true),
            standing_min: list.standing.map(|seconds| Duration::from_secs(seconds.into())),
            age_min: None,
        };
        let pauses = Pauses::load(&self.log).await?;
        let (models, pool) = self.models().await?;
        let found = models.sagas(filter, Page { page: 1, limit: LISTED_MAX }).await?;
        pool.close().await;
        let is_paused = |step: Step| pauses.holds_back(step);
        let total = found.total;
        let items: Vec<SagaItem> =
            found.items.into_iter().map(|saga| SagaItem::of(saga, &is_paused)).collect();
        if list.json {
            say(serde_json::to_string_pretty(&items)?);
            return Ok(());
        }
        if items.is_empty() {
            say("No fulfilment is like that.");
            return Ok(());
        }
        let header = ["order", "state", "step", "since", "began", "parked", "held back"];
        let mut rows = vec![header.map(str::to_owned)];
        rows.extend(items.iter().map(row));
        say_table("  ", &rows);
        if total > u64::from(LISTED_MAX) {
            say(format!("  … {total} in all"));
        }
        Ok(())
    }

    pub async fn show(&self, show: &Show) -> Result<()> {
        let stream = StreamId::new(OrderFulfilment::TYPE, show.order.uuid());
        let story =
            SagaStory::of(self.log.load(&stream, 0).await?).context("the log holds what cannot be read")?;
        let Some(story) = story else { bail!("no order {} is being fulfilled", show.order) };
        if let Some(form) = show.diagram {
            let diagram = Diagram::of(&story);
            let drawn = match form {
                Drawn::Svg => svg(&diagram),
                Drawn::Text => text(&diagram),
            };
            say(drawn.trim_end());
            return Ok(());
        }
        let pauses = Pauses::load(&self.log).await?;
        let view = SagaView::of(&story, &|step| pauses.holds_back(step));
        if show.json {
            say(serde_json::to_string_pretty(&view)?);
        } else {
            tell(&view);
        }
        Ok(())
    }

    pub async fn steps(&self, json: bool) -> Result<()> {
        let pauses = Pauses::load(&self.log).await?;
        let (models, pool) = self.models().await?;
        let counts = models.saga_steps().await?;
        pool.close().await;
        let data: Vec<SagaStepItem> = StepName::all()
            .map(|step| SagaStepItem::of(step, &counts, pauses.0.get(&step).cloned()))
            .collect();
        if json {
            say(serde_json::to_string_pretty(&SagaStepList { data })?);
            return Ok(());
        }
        let mut rows = vec![["step", "open", "parked", "paused"].map(str::to_owned)];
        rows.extend(data.iter().map(|step| {
            let paused = step.paused.as_ref().map_or_else(String::new, |paused| {
                format!("{} by {}: {}", paused.paused_at.format("%F %T"), paused.paused_by, paused.reason)
            });
            [step.step.to_owned(), step.open.to_string(), step.parked.to_string(), paused]
        }));
        say_table("  ", &rows);
        Ok(())
    }

    /// The read models; where nobody runs the projections, they run here until what is in the log is in them.
    async fn models(&self) -> Result<(ReadModels, PgPool)> {
        let pool = connect_read(self.databases.write_url.expose_secret(), CONNECTIONS)
            .context("the address of the database cannot be used")?;
        let models = ReadModels::new(self.log.clone(), pool.clone());
        if self.databases.is_private() {
            let (projections, running_pool) =
                compose::projections(self.log.clone(), self.settings, self.databases)?;
            let stop = CancellationToken::new();
            let running = tokio::spawn(projections.run(stop.clone()));
            let wanted = Wanted { position: self.log.head().await?, about: &[] };
            let waited = models.wait_for(&[Model::Sagas], wanted, PATIENCE).await;
            stop.cancel();
            running.await?;
            running_pool.close().await;
            waited.context("the read model of sagas does not come up to the log's end")?;
        }
        Ok((models, pool))
    }
}

fn row(item: &SagaItem) -> [String; 7] {
    [
        item.order_id.clone(),
        item.state.unwrap_or("-").to_owned(),
        item.step.unwrap_or("-").to_owned(),
        item.since.format("%F %T").to_string(),
        item.started_at.format("%F %T").to_string(),
        item.parked.join(" "),
        item.held_back.join(" "),
    ]
}

fn tell(view: &SagaView) {
    let state = view.state.unwrap_or("not begun");
    let step = view.step.map_or_else(String::new, |step| format!(" at {step}"));
    say(format!("Order {}: {state}{step}", view.order_id));
    if let Some(reason) = view.unwinding {
        say(format!("  undone   {reason}"));
    }
    say(format!("  began    {}", view.started_at.format("%F %T UTC")));
    say(format!("  last     {}, version {}", view.updated_at.format("%F %T UTC"), view.version));
    if let Some(trace_id) = &view.trace_id {
        say(format!("  trace    {trace_id}"));
    }
    for deadline in &view.deadlines {
        let paused = if view.paused { " (does not count while it is paused)" } else { "" };
        say(format!("  deadline {} {}{paused}", deadline.kind, deadline.at.format("%F %T UTC")));
    }
    if !view.held_back.is_empty() {
        say(format!("  held back by a pause for all orders: {}", view.held_back.join(" ")));
    }
    say("");
    let mut rows = vec![["step", "status", "planned", "ended", "undoes", "result"].map(str::to_owned)];
    rows.extend(view.steps.iter().map(|step| {
        let ended = step.ended_at.map_or_else(|| "-".to_owned(), |at| at.format("%T%.3f").to_string());
        let result = step.result.as_ref().or(step.refusal.as_ref());
        [
            step.step.clone(),
            step.status.to_owned(),
            step.planned_at.format("%T%.3f").to_string(),
            ended,
            step.undoes.clone().unwrap_or_default(),
            result.cloned().unwrap_or_default(),
        ]
    }));
    say_table("  ", &rows);
    for step in view.steps.iter().filter(|step| !step.failures.is_empty()) {
        say(format!("\n  {} has failed:", step.step));
        for failure in &step.failures {
            let then = failure
                .retry_at
                .map_or_else(|| "parked".to_owned(), |at| format!("again at {}", at.format("%T%.3f")));
            let at = failure.at.format("%T%.3f");
            say(format!("    {at}  attempt {}  {}  ({then})", failure.attempt, failure.error));
        }
    }
    if !view.decisions.is_empty() {
        say("\n  Decided:");
    }
    for decision in &view.decisions {
        let reason = decision.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
        let (at, by) = (decision.decided_at.format("%F %T UTC"), &decision.decided_by);
        let steps: String = decision.steps.iter().flat_map(|step| [" ", step.as_str()]).collect();
        say(format!("    {at}  {by}  {}{steps}{reason}", decision.choice));
    }
}
