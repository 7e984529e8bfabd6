use std::time::Duration;

use agrodeep_projections::{ModelState, ModelStatus, ReadModels, database::connect_read};
use anyhow::{Context, Result};
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{
    cli::Common,
    compose::configured_log,
    data_dir::DataDir,
    database::Databases,
    telemetry,
    terminal::{say, say_table},
};

const CONNECTIONS: u32 = 2;

/// Show how each read model is: how far behind the log, at which rate it follows, and what is parked
///
/// Works beside a running `up` (by its data folder) and beside separate processes (by DATABASE_URL).
#[derive(Args, Debug)]
pub struct Status {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Status {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self { json } = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(&settings, &data_dir).await?;
        let asked = async {
            databases.ensure_migrated().await?;
            let log = configured_log(&settings, &databases).await?;
            let pool = connect_read(databases.write_url.expose_secret(), CONNECTIONS)
                .context("the address of the database cannot be used")?;
            let status = ReadModels::new(log, pool.clone()).status().await?;
            pool.close().await;
            anyhow::Ok(status)
        };
        let status = asked.await;
        databases.stop().await;
        let status = status?;
        if json {
            say(serde_json::to_string_pretty(&status.iter().map(as_json).collect::<Vec<_>>())?);
        } else {
            tell(&status);
        }
        Ok(())
    }
}

fn tell(all: &[ModelStatus]) {
    if let Some(first) = all.first() {
        say(format!("The log ends at position {}.", first.head));
        say("");
    }
    let header = [
        "projection",
        "state",
        "position",
        "behind",
        "oldest",
        "events/s",
        "level in",
        "parked",
        "worked on by",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(all.iter().map(row));
    say_table("  ", &rows);
    for status in all.iter().filter(|status| status.why.is_some()) {
        say(format!("\n{} is paused: {}", status.model, status.why.as_deref().unwrap_or_default()));
    }
    if all.iter().any(|status| status.parked_aggregates > 0) {
        say("\nSomething is parked: `agrodeep parked list` says what.");
    }
    if all.iter().any(|status| status.state == ModelState::Stopped) {
        say(
            "\nNothing works on what is stopped: start `agrodeep up`, or `agrodeep projections` and `agrodeep read-api`.",
        );
    }
}

fn row(status: &ModelStatus) -> [String; 9] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let parked = match (status.parked_aggregates, status.parked_events) {
        (0, _) => "-".to_owned(),
        (aggregates, Some(events)) => format!("{aggregates} ({events} events)"),
        (aggregates, None) => aggregates.to_string(),
    };
    let more = if status.events_behind_is_minimum { "+" } else { "" };
    let standing_by = match status.standing_by {
        0 => String::new(),
        others => format!(" (+{others} standing by)"),
    };
    [
        status.model.to_string(),
        status.state.as_str().replace('_', " "),
        status.position.to_string(),
        format!("{}{more}", status.events_behind),
        if status.events_behind == 0 { "-".to_owned() } else { duration(status.seconds_behind) },
        format!("{:.0}", status.events_per_second),
        or_dash(status.seconds_to_catch_up.filter(|_| status.state != ModelState::Live).map(duration)),
        parked,
        or_dash(status.instance.as_ref().map(|instance| format!("{instance}{standing_by}"))),
    ]
}

/// A time as a person says it: `0.4 s`, `12 s`, `3 min 20 s`, `5 h 2 min`.
fn duration(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds.clamp(0.0, 1e9)).as_secs();
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..120 => format!("{whole} s"),
        120..7200 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

fn as_json(status: &ModelStatus) -> Value {
    json!({
        "projection": status.model.as_str(),
        "instance": status.instance,
        "state": status.state.as_str(),
        "why": status.why,
        "position": status.position.0,
        "head": status.head.0,
        "events_behind": status.events_behind,
        "events_behind_is_minimum": status.events_behind_is_minimum,
        "seconds_behind": status.seconds_behind,
        "events_per_second": status.events_per_second,
        "seconds_to_catch_up": status.seconds_to_catch_up,
        "parked_aggregates": status.parked_aggregates,
        "parked_events": status.parked_events,
        "standing_by": status.standing_by,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_as_exactly_as_a_person_needs_it() {
        for (seconds, told) in [
            (0.04, "0.0 s"),
            (9.96, "10.0 s"),
            (42.4, "42 s"),
            (200.0, "3 min 20 s"),
            (18_120.0, "5 h 2 min"),
        ] {
            assert_eq!(duration(seconds), told);
        }
    }
}
