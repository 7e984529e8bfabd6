//! `agrodeep bench positions`: whether where a driver is slows what a driver does, and what a report costs on a long track.

mod fleet;
mod track;

use std::sync::Arc;

use agrodeep_commands::{Commands, Executor, payments::simulated::SimulatedGateway};
use agrodeep_event_store::{
    SharedLog,
    postgres::{LogLimits, PostgresLog},
};
use clap::Args;
use indicatif::ProgressBar;

use self::{
    fleet::{Devices, Fleet},
    track::Age,
};
use super::{
    charts,
    contest::{Effort, WARM_UP, settle},
    database::{BenchServer, Place},
    goal::{Goal, Wanted},
    measured::{Measured, Percentiles, Round},
    number::whole,
    outcome::Outcome,
    spread::Spread,
};
use crate::compose::pool;

const PICK_UP: &str = "pick up";
const DELIVER: &str = "deliver";
const SHORT_REPORT: &str = "report while on the road";
const LONG_REPORT: &str = "report of 500 points";

/// Commands of drivers with and without their positions being reported, and reports on a long track
#[derive(Args, Debug)]
pub struct PositionsBench {
    /// How many drive at the same time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub drivers: u32,
    /// How many reports the long track has
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    pub reports: u32,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

impl PositionsBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let database = server.database("bench_positions").await?;
        let log: SharedLog = Arc::new(PostgresLog::open(&database.url, LogLimits::default()).await?);
        let tables = pool(&database.url.clone().into(), 4)?;
        let gateway = Arc::new(SimulatedGateway::new(tables.clone()));
        let commands = Commands::new(Executor::new(log.clone()), &tables, gateway.clone());
        // A process that has not seen anything yet.
        let stranger = || Commands::new(Executor::new(log.clone()), &tables, gateway.clone());
        let fleet = Fleet::new(commands.clone());

        let mut figures = self.figures();
        let progress = ProgressBar::new(u64::from(self.effort.rounds + 1) * (Devices::ALL.len() as u64 + 1));
        let mut state_bytes = 0;
        for round in 0..=self.effort.rounds {
            let duration = if round == 0 { WARM_UP } else { self.effort.duration() };
            let mut came = Vec::new();
            for devices in Devices::ALL {
                settle().await?;
                let trips = fleet.round(devices, self.drivers as usize, duration).await?;
                came.push((PICK_UP, devices.name(), Round::of(trips.pick_up, trips.elapsed)));
                came.push((DELIVER, devices.name(), Round::of(trips.deliver, trips.elapsed)));
                if devices != Devices::None {
                    came.push((SHORT_REPORT, devices.name(), Round::of(trips.reports, trips.elapsed)));
                }
                progress.inc(1);
            }
            if round > 0 {
                settle().await?;
                let (ages, bytes) = track::round(&fleet, &stranger, self.reports).await?;
                state_bytes = bytes;
                came.extend(ages.into_iter().map(|(age, round)| (LONG_REPORT, age.name(), round)));
                for (mix, subject, round) in came {
                    let figure = figures.iter_mut().find(|it| it.mix == mix && it.subject == subject);
                    if let Some(figure) = figure {
                        figure.rounds.push(round);
                    }
                }
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        drop(fleet);
        tables.close().await;
        server.drop_database("bench_positions").await?;

        let mut outcome =
            Outcome::new("positions", "Positions of deliveries", self.method(&database.server), figures);
        outcome.asking = "drivers";
        outcome.fact(
            format!("state of a track after {} reports", whole(f64::from(self.reports))),
            state_bytes as f64 / 1024.0,
            " KiB",
        );
        self.set_goals(&mut outcome);
        let commands: Vec<Measured> =
            outcome.figures.iter().filter(|it| it.mix == PICK_UP || it.mix == DELIVER).cloned().collect();
        let title = "What drivers do while positions are reported";
        outcome.charts = vec![charts::latency("positions-latency", title, &commands)];
        Ok(outcome)
    }

    fn figures(&self) -> Vec<Measured> {
        let of = |mix: &str, subject: &str, writers: u32| Measured {
            bench: "positions",
            mix: mix.to_owned(),
            subject: subject.to_owned(),
            writers: writers as usize,
            rounds: vec![],
        };
        let with_devices = [Devices::Others, Devices::Own];
        let mut figures = Vec::new();
        figures.extend(Devices::ALL.map(|devices| of(PICK_UP, devices.name(), self.drivers)));
        figures.extend(Devices::ALL.map(|devices| of(DELIVER, devices.name(), self.drivers)));
        figures.extend(with_devices.map(|devices| of(SHORT_REPORT, devices.name(), self.drivers)));
        figures.extend(Age::ALL.map(|age| of(LONG_REPORT, age.name(), 1)));
        figures
    }

    fn set_goals(&self, outcome: &mut Outcome) {
        let find = |mix: &str, subject: &str, writers: u32| outcome.find(subject, mix, writers as usize);
        let mut goals = Vec::new();
        let mut compare = |what: String, (mix, writers): (&str, u32), (this, that): (&str, &str), at_most| {
            if let (Some(this), Some(that)) = (find(mix, this, writers), find(mix, that, writers)) {
                goals.push(Goal {
                    bench: "positions",
                    what,
                    wanted: Wanted::AtMost(at_most),
                    unit: " ×",
                    measured: p50_of(this, that),
                });
            }
        };
        let (own, others, none) = (Devices::Own.name(), Devices::Others.name(), Devices::None.name());
        for mix in [PICK_UP, DELIVER] {
            let case = (mix, self.drivers);
            compare(format!("p50 of *{mix}* {own}: of {others}"), case, (own, others), 1.2);
            compare(format!("p50 of *{mix}* {own}: of {none}"), case, (own, none), 2.0);
        }
        let (late, early) = (Age::Late.name(), Age::Early.name());
        compare(
            format!("p50 of a report of 500 points, {late}: of {early}"),
            (LONG_REPORT, 1),
            (late, early),
            2.0,
        );
        outcome.goals = goals;
    }

    fn method(&self, server: &str) -> String {
        format!(
            "{} drivers, each with one delivery after the other: it is picked up, on the road for {} ms, and delivered. While it \
             is on the road a device reports {} points every {} ms, half of them again and all in the wrong order: of the very \
             delivery, or, as a control with the same load, of another one. Then one track alone, in reports of 500 points, half \
             of them again and in the wrong order: around its 10th and around its {}th report, in turn. {server}; {}.",
            self.drivers,
            fleet::ON_THE_ROAD.as_millis(),
            fleet::POINTS,
            fleet::REPORT_EVERY.as_millis(),
            whole(f64::from(self.reports)),
            self.effort.describe(),
        )
    }
}

/// How many times as long the median command of `this` took as that of `that`, each round compared with the same round.
fn p50_of(this: &Measured, that: &Measured) -> Spread {
    let p50 = |round: &Round| round.took.map(|Percentiles { p50, .. }| p50);
    let pairs = this.rounds.iter().zip(&that.rounds).filter_map(|(this, that)| p50(this).zip(p50(that)));
    Spread::of(pairs.filter(|(_, that)| *that > 0.0).map(|(this, that)| this / that))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(p50s: &[f64]) -> Measured {
        let round = |p50: &f64| Round {
            commands: 1,
            per_second: 1.0,
            took: Some(Percentiles { p50: *p50, p90: 0.0, p99: 0.0, p999: 0.0 }),
            batch: None,
        };
        Measured {
            bench: "positions",
            mix: PICK_UP.to_owned(),
            subject: "agrodeep".to_owned(),
            writers: 1,
            rounds: p50s.iter().map(round).collect(),
        }
    }

    #[test]
    fn medians_are_compared_round_by_round() {
        let spread = p50_of(&measured(&[2.0, 30.0, 4.0]), &measured(&[1.0, 10.0, 4.0]));
        assert_eq!(spread, Spread { median: 2.0, least: 1.0, most: 3.0 });
        assert_eq!(p50_of(&measured(&[2.0]), &measured(&[0.0])), Spread::default());
    }
}
