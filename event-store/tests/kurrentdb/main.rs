//! The log on KurrentDB: the conformance suite, on the double and, when `KURRENTDB_URL` is set, on a real server; and what
//! happens when things go wrong, on the double alone.

#![allow(clippy::unwrap_used)]

mod chains;
mod cluster;
mod conformance;
mod deleted;
mod faults;
mod foreign;
mod reading;
mod rules;

use std::{sync::Arc, time::Duration};

use agrodeep_event_store::{
    AppendOutcome, Appended, LogError, SharedLog,
    kurrentdb::{KurrentLog, KurrentSettings, double::Double},
};

/// Impatient, so that a test that waits for the end of patience is short.
fn settings() -> KurrentSettings {
    KurrentSettings {
        answer_time: Duration::from_secs(1),
        verdict_patience: Duration::from_secs(4),
        ..KurrentSettings::default()
    }
}

/// The double's log, as a process of its own would open it.
async fn log(double: &Double) -> SharedLog {
    log_with(double, settings()).await
}

async fn log_with(double: &Double, settings: KurrentSettings) -> SharedLog {
    Arc::new(KurrentLog::open(&double.url(), settings).await.unwrap())
}

fn appended(outcome: Result<AppendOutcome, LogError>) -> Appended {
    match outcome {
        Ok(AppendOutcome::Appended(appended)) => appended,
        other => panic!("not appended: {other:?}"),
    }
}
