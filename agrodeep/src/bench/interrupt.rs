//! Ctrl-C while measuring: what was started is ended, what was written is removed.

use std::future::Future;

use anyhow::bail;
use tokio::signal::unix::{SignalKind, signal};

/// Runs `work` until it is done, or until somebody asks to stop: then it is dropped, and with it the servers, folders and
/// processes that it owns.
pub async fn until_interrupted<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        _ = interrupted.recv() => bail!("interrupted; everything private has been removed"),
        _ = terminated.recv() => bail!("told to end; everything private has been removed"),
    }
}
