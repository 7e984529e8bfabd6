use std::time::Duration;

use agrodeep_commands::payments::{
    difference::KnownDifference,
    reconcile::{Finding, Mode},
};
use agrodeep_process_managers::{Reconciliation, reconciliation::Asked};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    cli::Common,
    compose::{self, WriteSide},
    data_dir::DataDir,
    database::Databases,
    telemetry,
    terminal::{say, say_table},
};

/// Ask the payment provider about payments without an outcome, and show where it and the log differ
#[derive(Debug, Subcommand)]
pub enum Payments {
    Reconcile(Reconcile),
    Differences(ShowDifferences),
}

/// Ask the provider about payments and refunds without an outcome, and record what it says
///
/// The same is done from time to time by whoever runs the process managers. What the provider says is recorded as if it had
/// sent the webhook that was lost; what no command can settle is reported as a difference. Works beside a running `up`, too.
#[derive(Args, Debug)]
pub struct Reconcile {
    /// Only say what would be recorded
    #[arg(long)]
    dry_run: bool,
    /// Ask about payments without an outcome for so long, in seconds [default: reconcile_after_seconds]
    #[arg(long, value_name = "SECONDS")]
    older_than: Option<u32>,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// Show where the payment provider and the log differ in a way that a person has to look at, the latest first
#[derive(Args, Debug)]
pub struct ShowDifferences {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Payments {
    pub async fn run(self, common: &Common) -> Result<()> {
        match self {
            Self::Reconcile(reconcile) => reconcile.run(common).await,
            Self::Differences(differences) => differences.run(common).await,
        }
    }
}

impl Reconcile {
    async fn run(self, common: &Common) -> Result<()> {
        let Self { dry_run, older_than, json } = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let databases = databases(&settings).await?;
        let write_side = WriteSide::open(&settings, &databases).await?;
        let after = older_than
            .map_or(settings.payments.reconcile_after, |seconds| Duration::from_secs(seconds.into()));
        let mode = if dry_run { Mode::DryRun } else { Mode::Correct };
        let reconciliation = Reconciliation::new(write_side.commands.clone(), write_side.pool.clone());
        let asked = reconciliation
            .once(after, mode)
            .await
            .context("the payments without an outcome cannot be read")?;
        if json {
            for asked in &asked {
                say(as_json(asked));
            }
        } else {
            say(format!("payments go through {}", compose::describe_provider(&settings.payments)));
            let rows: Vec<_> = asked.iter().map(in_words).collect();
            say_table("", &rows);
            say(summary(&asked, dry_run));
        }
        write_side.pool.close().await;
        databases.stop().await;
        if asked.iter().any(|asked| asked.result.is_err()) {
            bail!("the provider could not be asked about all of them: ask again");
        }
        Ok(())
    }
}

fn summary(asked: &[Asked], dry_run: bool) -> String {
    let count = |wanted: fn(&Finding) -> bool| {
        asked
            .iter()
            .filter_map(|asked| asked.result.as_ref().ok())
            .filter(|found| wanted(&found.finding))
            .count()
    };
    let behind = count(|finding| matches!(finding, Finding::Behind { .. }));
    let corrected = count(|finding| matches!(finding, Finding::Behind { corrected: true, .. }));
    let differ = count(|finding| matches!(finding, Finding::Differs(_))) + behind - corrected;
    let all = asked.len();
    if dry_run {
        return format!("{all} asked about; {behind} to be recorded; nothing was changed");
    }
    format!("{all} asked about; {corrected} recorded; {differ} differ (agrodeep payments differences)")
}

/// What came of it, in two words.
fn finding(asked: &Asked) -> (String, String) {
    match &asked.result {
        Err(error) => ("not asked".to_owned(), error.to_string()),
        Ok(found) => match &found.finding {
            Finding::Settled => ("settled".to_owned(), "settled meanwhile".to_owned()),
            Finding::Agrees { provider } => {
                ("agrees".to_owned(), format!("at the provider: {}", provider.as_str()))
            }
            Finding::Behind { news, corrected: true } => ("recorded".to_owned(), (*news).to_owned()),
            Finding::Behind { news, corrected: false } => ("behind".to_owned(), (*news).to_owned()),
            Finding::Differs(kind) => ("differs".to_owned(), kind.as_str().to_owned()),
        },
    }
}

fn in_words(asked: &Asked) -> [String; 4] {
    let (result, detail) = finding(asked);
    let order = asked.result.as_ref().map_or("", |found| found.order.as_str());
    [asked.order_id.to_string(), format!("payment {order}"), result, detail]
}

fn as_json(asked: &Asked) -> Value {
    let (result, detail) = finding(asked);
    let found = asked.result.as_ref().ok();
    json!({
        "order_id": asked.order_id,
        "payment_intent_id": found.and_then(|found| found.intent_id.clone()),
        "payment_status": found.map(|found| found.order.as_str()),
        "result": result,
        "detail": detail,
    })
}

impl ShowDifferences {
    async fn run(self, common: &Common) -> Result<()> {
        let Self { limit, json } = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let databases = databases(&settings).await?;
        let write_side = WriteSide::open(&settings, &databases).await?;
        let known = write_side.commands.differences.latest(limit).await?;
        if json {
            for difference in &known {
                say(difference_as_json(difference));
            }
        } else if known.is_empty() {
            say("the payment provider and the log agree");
        } else {
            for difference in &known {
                let order = difference.order_id.map_or_else(|| "no order".to_owned(), |id| id.to_string());
                say(format!("{}  {}  {order}", difference.kind, difference.reference));
                say(format!("    the log: {}; the provider: {}", difference.expected, difference.found));
                let (first, last) = (difference.first_seen.to_rfc3339(), difference.last_seen.to_rfc3339());
                say(format!("    noticed {} times, from {first} to {last}", difference.times));
            }
        }
        write_side.pool.close().await;
        databases.stop().await;
        Ok(())
    }
}

fn difference_as_json(difference: &KnownDifference) -> Value {
    json!({
        "kind": difference.kind,
        "reference": difference.reference,
        "order_id": difference.order_id,
        "expected": difference.expected,
        "found": difference.found,
        "first_seen": difference.first_seen,
        "last_seen": difference.last_seen,
        "times": difference.times,
    })
}

async fn databases(settings: &crate::settings::Settings) -> Result<Databases> {
    let data_dir = DataDir::open(&settings.data_dir)?;
    let databases = Databases::beside_others(settings, &data_dir).await?;
    databases.migrate().await?;
    Ok(databases)
}
