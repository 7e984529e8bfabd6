//! `agrodeep saga`: how orders are fulfilled, and what is done about those that are stuck.

mod choose;
mod look;

use agrodeep_commands::{CommandContext, Executor, sagas::SagaDesk};
use agrodeep_domain::{
    Actor, OrderId,
    order_fulfilment::{Condition, Intervention, Reason, Step, StepName},
};
use agrodeep_projections::sagas::SagaPlace;
use anyhow::Result;
use chrono::Utc;
use clap::{Args, Subcommand, ValueEnum};

use self::{choose::choose, look::Seeker};
use crate::{
    cli::Common, compose::configured_log, data_dir::DataDir, database::Databases, settings::Settings,
    telemetry,
};

/// Who decides on the command line, unless they say so.
const OPERATOR: &str = "operator";

/// See how orders are fulfilled, and decide about those that are stuck
#[derive(Debug, Subcommand)]
pub enum Saga {
    List(List),
    Show(Show),
    Retry(Retry),
    Skip(Skip),
    Abandon(Abandon),
    Pause(Pause),
    Resume(Resume),
    Steps(Steps),
}

/// List fulfilments that have not ended, those that have stood longest where they stand first
#[derive(Args, Debug)]
pub struct List {
    /// Only those in this state: running, waiting, parked, paused, delivered, cancelled or written_off
    #[arg(long, value_name = "STATE")]
    state: Option<Condition>,
    /// Only those that stand at this step (refund_payment), or wait for this (awaiting_payment)
    #[arg(long, value_name = "STEP", value_parser = parse_place)]
    step: Option<SagaPlace>,
    /// Only those of which something waits for a person
    #[arg(long)]
    parked: bool,
    /// Only those that have stood where they stand for so many seconds, or longer
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32))]
    standing: Option<u32>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Show one fulfilment whole: its steps with their attempts, what it waits for, what people have decided
#[derive(Args, Debug)]
pub struct Show {
    /// The order, such as ord_01h455vb4pex5vsknk084sn02q
    #[arg(value_name = "ORDER")]
    order: OrderId,
    /// Draw it
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "json")]
    diagram: Option<Drawn>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// In which form it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Drawn {
    Svg,
    Text,
}

/// Have what is parked of an order tried again, with as many attempts as at first
#[derive(Args, Debug)]
pub struct Retry {
    #[arg(value_name = "ORDER")]
    order: OrderId,
    /// Only this step, as `show` writes it; otherwise all that are parked
    #[arg(long, value_name = "STEP")]
    step: Option<Step>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    #[command(flatten)]
    how: How,
}

/// Go on without a step, where money and stock come out right all the same (docs/saga.md says which)
#[derive(Args, Debug)]
pub struct Skip {
    #[arg(value_name = "ORDER")]
    order: OrderId,
    /// The step, as `show` writes it
    #[arg(value_name = "STEP")]
    step: Step,
    /// Why, for those who ask later
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    #[command(flatten)]
    how: How,
}

/// Call an order off and undo what was done
#[derive(Args, Debug)]
pub struct Abandon {
    #[arg(value_name = "ORDER")]
    order: OrderId,
    /// Why, for those who ask later
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    #[command(flatten)]
    how: How,
}

/// Have an order wait, or a step of all orders
#[derive(Args, Debug)]
pub struct Pause {
    #[command(flatten)]
    what: What,
    /// Why, for those who ask later
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    #[command(flatten)]
    how: How,
}

/// Have an order go on, or a step of all orders
#[derive(Args, Debug)]
pub struct Resume {
    #[command(flatten)]
    what: What,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    #[command(flatten)]
    how: How,
}

/// Show every step: in how many orders it is open or parked, and whether it is paused for all
#[derive(Args, Debug)]
pub struct Steps {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// One order
    #[arg(value_name = "ORDER")]
    order: Option<OrderId>,
    /// A step, for all orders, such as request_payment
    #[arg(long, value_name = "STEP")]
    step: Option<StepName>,
}

#[derive(Args, Debug)]
struct How {
    /// Only tell what will follow; nothing is done
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// Who decides
    #[arg(long, value_name = "NAME", default_value = OPERATOR, value_parser = parse_name)]
    by: String,
}

impl How {
    fn context(&self) -> CommandContext {
        let name = if self.by == OPERATOR { OPERATOR.to_owned() } else { format!("{OPERATOR}/{}", self.by) };
        CommandContext::new(Actor::system(&name), Utc::now())
    }
}

fn parse_place(text: &str) -> Result<SagaPlace, String> {
    SagaPlace::named(text)
        .ok_or_else(|| "must be the name of a step, such as refund_payment, or awaiting_payment".to_owned())
}

fn parse_name(text: &str) -> Result<String, String> {
    let is_name = (1..=60).contains(&text.chars().count())
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ' '));
    is_name.then(|| text.to_owned()).ok_or_else(|| "must be a name of at most 60 letters".to_owned())
}

impl Saga {
    pub async fn run(self, common: &Common) -> Result<()> {
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(&settings, &data_dir).await?;
        let done = self.work(&settings, &databases).await;
        databases.stop().await;
        done
    }

    async fn work(self, settings: &Settings, databases: &Databases) -> Result<()> {
        databases.ensure_migrated().await?;
        let log = configured_log(settings, databases).await?;
        let desk = SagaDesk::new(Executor::new(log.clone()));
        let seeker = Seeker { log, settings, databases };
        let waits = databases.is_private();
        match self {
            Self::List(list) => seeker.list(&list).await,
            Self::Show(show) => seeker.show(&show).await,
            Self::Steps(Steps { json }) => seeker.steps(json).await,
            Self::Retry(Retry { order, step, reason, how }) => {
                choose(&desk, order, Intervention::Retry { step, reason }, &how, waits).await
            }
            Self::Skip(Skip { order, step, reason, how }) => {
                choose(&desk, order, Intervention::Skip { step, reason }, &how, waits).await
            }
            Self::Abandon(Abandon { order, reason, how }) => {
                choose(&desk, order, Intervention::Abandon { reason }, &how, waits).await
            }
            Self::Pause(Pause { what, reason, how }) => match what {
                What { order: Some(order), .. } => {
                    choose(&desk, order, Intervention::Pause { reason }, &how, waits).await
                }
                What { step: Some(step), .. } => choose::pause_step(&desk, step, reason, &how).await,
                What { .. } => Ok(()),
            },
            Self::Resume(Resume { what, reason, how }) => match what {
                What { order: Some(order), .. } => {
                    choose(&desk, order, Intervention::Resume { reason }, &how, waits).await
                }
                What { step: Some(step), .. } => choose::resume_step(&desk, step, reason, &how).await,
                What { .. } => Ok(()),
            },
        }
    }
}
