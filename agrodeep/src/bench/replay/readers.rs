//! Who reads the whole log, and makes sure that it was all of it.

use std::process::Stdio;

use agrodeep_event_store::{Replay, Selection, SharedLog};
use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

use super::served::Served;

const PART_BYTES: usize = 1024 * 1024;

/// A way to read the whole log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    PsqlCopy,
    InProcess,
    Ndjson,
    Sse,
    Parquet,
}

impl Reader {
    pub const ALL: [Self; 5] = [Self::PsqlCopy, Self::InProcess, Self::Ndjson, Self::Sse, Self::Parquet];

    pub fn name(self) -> &'static str {
        match self {
            Self::PsqlCopy => "psql COPY",
            Self::InProcess => "in the process",
            Self::Ndjson => "NDJSON",
            Self::Sse => "SSE",
            Self::Parquet => "Parquet",
        }
    }

    pub async fn read_all(
        self,
        log: &SharedLog,
        served: &Served,
        url: &str,
        events: u64,
    ) -> anyhow::Result<()> {
        match self {
            Self::PsqlCopy => psql(url).await,
            Self::InProcess => in_process(log, events).await,
            Self::Ndjson => {
                let end =
                    format!("{{\"end\":{{\"count\":{events},\"position\":{events},\"complete\":true}}}}\n");
                over_http(served, "application/x-ndjson", &|tail| tail.ends_with(end.as_bytes())).await
            }
            Self::Sse => {
                let last = format!("\nid: {events}\ndata: ");
                let is_last = |tail: &[u8]| {
                    tail.ends_with(b"\n\n") && tail.windows(last.len()).any(|bytes| bytes == last.as_bytes())
                };
                over_http(served, "text/event-stream", &is_last).await
            }
            Self::Parquet => {
                over_http(served, "application/vnd.apache.parquet", &|tail| tail.ends_with(b"PAR1")).await
            }
        }
    }
}

async fn psql(url: &str) -> anyhow::Result<()> {
    let copy = "copy (select position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
                metadata, command_id, recorded_at from events order by position) to stdout";
    let status = Command::new("psql")
        .args([url, "-X", "-q", "-c", copy])
        .stdout(Stdio::null())
        .status()
        .await
        .context("psql cannot be started")?;
    ensure!(status.success(), "psql ended with {status}");
    Ok(())
}

async fn in_process(log: &SharedLog, events: u64) -> anyhow::Result<()> {
    let mut replay = Replay::begin(log.clone(), Selection::default(), PART_BYTES).await?;
    let mut count = 0;
    loop {
        let part = replay.next().await?;
        count += part.events.len() as u64;
        if part.is_end {
            ensure!(count == events, "{count} events came, not {events}");
            return Ok(());
        }
    }
}

/// Reads until the end of what came `is_end`; the connection's end before that is an error.
async fn over_http(
    served: &Served,
    accept: &str,
    is_end: &(dyn Fn(&[u8]) -> bool + Sync),
) -> anyhow::Result<()> {
    const TAIL: usize = 4_096;
    let mut stream = TcpStream::connect(served.address).await?;
    // HTTP/1.0: the answer has no frames of its own.
    let request = format!(
        "GET /v1/events HTTP/1.0\r\nHost: bench\r\nAccept: {accept}\r\nAuthorization: Bearer {}\r\n\r\n",
        served.token()?
    );
    stream.write_all(request.as_bytes()).await?;
    let (mut bytes, mut tail) = (vec![0; 256 * 1024], Vec::new());
    let mut is_begun = false;
    loop {
        let count = stream.read(&mut bytes).await?;
        if !is_begun {
            is_begun = true;
            ensure!(
                bytes.starts_with(b"HTTP/1.0 200"),
                "{}",
                String::from_utf8_lossy(&bytes[..count.min(600)])
            );
        }
        tail.extend_from_slice(&bytes[count.saturating_sub(TAIL)..count]);
        tail.drain(..tail.len().saturating_sub(TAIL));
        if count == 0 || (bytes[..count].ends_with(b"\n") && is_end(&tail)) {
            ensure!(is_end(&tail), "the answer to {accept} was cut");
            return Ok(());
        }
    }
}
