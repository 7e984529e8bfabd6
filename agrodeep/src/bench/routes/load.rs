//! Clients that ask the same again and again, each on a connection that it keeps. They read no more of an answer than where it
//! ends: what is measured is who answers.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::bench::{durations::Latencies, measured::Round};

/// A request, as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Ask {
    pub address: SocketAddr,
    bytes: Vec<u8>,
}

impl Ask {
    /// `GET path`, in the name of whose token it is.
    pub fn get(address: SocketAddr, path: &str, token: &str) -> Self {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\r\n"
        );
        Self { address, bytes: request.into_bytes() }
    }
}

/// Lets `clients` ask for `duration`.
pub async fn ask(request: &Ask, clients: usize, duration: Duration) -> anyhow::Result<Round> {
    let began = Instant::now();
    let end = began + duration;
    let tasks: Vec<_> = (0..clients).map(|_| tokio::spawn(one_client(request.clone(), end))).collect();
    let mut all = Latencies::default();
    for task in tasks {
        all.merge(task.await??);
    }
    Ok(Round::of(all, began.elapsed()))
}

async fn one_client(request: Ask, end: Instant) -> anyhow::Result<Latencies> {
    let mut connection = TcpStream::connect(request.address).await.context("connecting")?;
    connection.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(64 * 1024);
    let mut latencies = Latencies::default();
    while Instant::now() < end {
        let asked = Instant::now();
        connection.write_all(&request.bytes).await?;
        buffer.clear();
        let whole = loop {
            ensure!(connection.read_buf(&mut buffer).await? > 0, "the server has hung up");
            if let Some(whole) = length(&buffer)? {
                break whole;
            }
        };
        while buffer.len() < whole {
            ensure!(connection.read_buf(&mut buffer).await? > 0, "the server has hung up");
        }
        latencies.record(asked.elapsed());
    }
    Ok(latencies)
}

/// How many bytes the answer has that begins so; `None`: its headers are not all there yet.
fn length(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end]).context("the headers are no text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200") {
        bail!("the answer is {status:?}");
    }
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = length.context("the answer does not say how long it is")??;
    Ok(Some(end + 4 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_it_says() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(length(answer).expect("an answer"), Some(answer.len()));
        assert_eq!(length(&answer[..20]).expect("a beginning"), None);
        assert!(length(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").is_err());
        assert!(length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
