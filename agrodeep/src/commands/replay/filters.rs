//! Which events, as people say it on the command line.

use std::collections::BTreeSet;

use agrodeep_event_store::{Direction, EventFilter, Position, Selection, StreamId};
use agrodeep_read_api::event_streams::parameters::parse_stream;
use agrodeep_schemas::CatalogueEntry;
use anyhow::{Result, bail, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use uuid::Uuid;

/// Which events
#[derive(Args, Debug)]
#[command(next_help_heading = "Which events")]
pub struct Filters {
    /// Only after this position
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
    /// Only before this position
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    before: Option<i64>,
    /// The last event first
    #[arg(long)]
    backwards: bool,
    /// At the most so many
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Only of this stream: `ord_…`, `prod_…`, `dlv_…`, `usr_…` or `order-<uuid>`
    #[arg(long, value_name = "STREAM", conflicts_with = "aggregate_type")]
    stream: Option<String>,
    /// Only of these kinds of aggregates, with commas between
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    aggregate_type: Vec<String>,
    /// Only these events, with commas between, such as OrderPlaced
    #[arg(long = "type", value_name = "NAMES", value_delimiter = ',')]
    event_type: Vec<String>,
    /// Only what followed from one request
    #[arg(long, value_name = "UUID")]
    correlation_id: Option<Uuid>,
    /// Only what happened at this time (RFC 3339) or later
    #[arg(long, value_name = "TIME")]
    since: Option<DateTime<Utc>>,
    /// Only what happened before this time
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
    /// Only what the log took at this time or later
    #[arg(long, value_name = "TIME")]
    recorded_since: Option<DateTime<Utc>>,
    /// Only what the log took before this time
    #[arg(long, value_name = "TIME")]
    recorded_until: Option<DateTime<Utc>>,
}

impl Filters {
    /// What is to be replayed.
    ///
    /// # Errors
    /// When nothing could ever be like that.
    pub fn selection(&self, catalogue: &[CatalogueEntry]) -> Result<Selection> {
        let (after, before) = (self.after.unwrap_or(0), self.before);
        ensure!(before.is_none_or(|before| before > after), "--before must be more than --after");
        for (since, until, name) in [
            (self.since, self.until, "--until"),
            (self.recorded_since, self.recorded_until, "--recorded-until"),
        ] {
            if let (Some(since), Some(until)) = (since, until)
                && since >= until
            {
                bail!("{name} must be later than {}", since.to_rfc3339());
            }
        }
        known("--type", &self.event_type, catalogue.iter().map(|entry| &entry.event_name))?;
        known("--aggregate-type", &self.aggregate_type, catalogue.iter().map(|entry| &entry.aggregate_type))?;
        let filter = EventFilter {
            stream: self.stream.as_deref().map(stream).transpose()?,
            aggregate_types: self.aggregate_type.clone(),
            event_types: self.event_type.clone(),
            correlation_id: self.correlation_id,
            occurred_since: self.since,
            occurred_until: self.until,
            recorded_since: self.recorded_since,
            recorded_until: self.recorded_until,
        };
        let direction = if self.backwards { Direction::Backwards } else { Direction::Forwards };
        Ok(Selection { after: Position(after), before: before.map(Position), direction, filter })
    }
}

fn stream(name: &str) -> Result<StreamId> {
    parse_stream(name).map_err(|problem| anyhow::anyhow!("--stream: {}", problem.detail))
}

fn known<'a>(flag: &str, names: &[String], known: impl Iterator<Item = &'a String>) -> Result<()> {
    let known: BTreeSet<&str> = known.map(String::as_str).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name.as_str())) {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        bail!("{flag}: there is no {unknown}; there are {known}");
    }
    Ok(())
}
