//! Working on a rebuild in this process, or watching who does.

use std::time::{Duration, Instant};

use agrodeep_event_store::Position;
use agrodeep_projections::{
    Model,
    rebuild::{Finished, RebuildError, RebuildRequest, RebuildState, RebuildStatus, Rebuilds},
};
use anyhow::{Context, Result, bail};
use tokio_util::sync::CancellationToken;

use super::tell::how_to_go_on;
use crate::{
    commands::log::progress::{Progress, grouped},
    lifecycle::Signals,
    terminal::say,
};

/// How often it is looked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Builds anew, and shows how far it is.
pub async fn run(rebuilds: &Rebuilds, request: &RebuildRequest, signals: &mut Signals) -> Result<()> {
    let model = request.model;
    let began = Instant::now();
    match rebuilds.request(request).await {
        Ok(_) => {}
        Err(RebuildError::Running(_)) => say(format!("{model} is being built anew already.")),
        Err(error) => return Err(error.into()),
    }
    let first = latest(rebuilds, model).await?;
    let bar = Progress::begin(model.as_str(), u64::try_from(first.head.0).ok());
    let stop = CancellationToken::new();
    let (worker, child) = (rebuilds.clone(), stop.clone());
    let mut work = tokio::spawn(async move { worker.work_on(model, &child).await });
    let ended = loop {
        tokio::select! {
            worked = &mut work => match worked?? {
                Finished::Switched(position) => break Ended::Switched(position),
                // Somebody else is at it, or has just been.
                Finished::Elsewhere | Finished::Nothing | Finished::Stopped => {
                    break watch(rebuilds, model, first.generation, &bar, signals).await?;
                }
            },
            name = signals.next() => {
                tracing::info!(signal = name, "stopping");
                // Said in the database first: else whoever runs the projections would go on with it.
                let stopped = rebuilds.stop(model).await;
                stop.cancel();
                break match (&mut work).await?? {
                    Finished::Switched(position) => Ended::Switched(position),
                    _ => Ended::Stopped(stopped?.position),
                };
            }
            () = tokio::time::sleep(LOOK_EVERY) => bar.at(events(&latest(rebuilds, model).await?)),
        }
    };
    bar.end();
    match ended {
        Ended::Switched(position) => {
            let (events, seconds) = (position.0 - first.position.0, began.elapsed().as_secs_f64());
            let rate = (events.max(0) as f64 / seconds) as u64;
            let events = grouped(events.unsigned_abs());
            say(format!(
                "{model} is built anew of {events} events in {seconds:.1} s ({} a second), and live.",
                grouped(rate)
            ));
            Ok(())
        }
        Ended::Stopped(position) => {
            say(format!("{model} rests at position {position}: {}.", how_to_go_on(model)));
            Ok(())
        }
        Ended::Watched => {
            say(format!(
                "No longer watching; {model} goes on being built. `agrodeep rebuild {model} --stop` lets it rest."
            ));
            Ok(())
        }
        Ended::Discarded => bail!("it was given up by somebody else"),
    }
}

enum Ended {
    Switched(Position),
    Stopped(Position),
    /// Somebody else goes on, unwatched.
    Watched,
    Discarded,
}

/// Until whoever works on it has done so.
async fn watch(
    rebuilds: &Rebuilds,
    model: Model,
    generation: i64,
    bar: &Progress,
    signals: &mut Signals,
) -> Result<Ended> {
    loop {
        let status = latest(rebuilds, model).await?;
        bar.at(events(&status));
        match status.state {
            RebuildState::Switched | RebuildState::Done => return Ok(Ended::Switched(status.position)),
            RebuildState::Stopped => return Ok(Ended::Stopped(status.position)),
            RebuildState::Discarded if status.generation >= generation => return Ok(Ended::Discarded),
            RebuildState::Building | RebuildState::Waiting | RebuildState::Discarded => {}
        }
        if status.state == RebuildState::Waiting
            && let Finished::Switched(position) = rebuilds.work_on(model, &CancellationToken::new()).await?
        {
            // Whoever worked on it is gone.
            return Ok(Ended::Switched(position));
        }
        tokio::select! {
            _ = signals.next() => return Ok(Ended::Watched),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn latest(rebuilds: &Rebuilds, model: Model) -> Result<RebuildStatus> {
    let found = rebuilds.list().await?;
    found.into_iter().find(|status| status.model == model).context("it is nowhere to be found")
}

fn events(status: &RebuildStatus) -> u64 {
    u64::try_from(status.position.0).unwrap_or_default()
}
