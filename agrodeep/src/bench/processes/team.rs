//! Several processes of this very program that write at the same time.

use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};
use uuid::Uuid;

use crate::bench::{durations::Latencies, measured::Round, worker::Told};

/// What a team did.
pub struct Came {
    pub round: Round,
    /// By each process.
    pub told: Vec<Told>,
}

struct Member {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Starts the processes, waits until all are ready, lets them go, and gathers what they tell. They end with the caller.
pub async fn work(
    url: &str,
    processes: usize,
    writers_each: usize,
    seconds: u64,
    hot: &[Uuid],
) -> anyhow::Result<Came> {
    let mut team = Vec::new();
    for _ in 0..processes {
        team.push(start(url, writers_each, seconds, hot)?);
    }
    for member in &mut team {
        let mut line = String::new();
        member.answers.read_line(&mut line).await?;
        ensure!(line.trim() == "ready", "a process that was to append has ended before it was ready");
    }
    for member in &mut team {
        member.orders.write_all(b"go\n").await?;
    }
    let mut told = Vec::new();
    for mut member in team {
        let mut line = String::new();
        member.answers.read_line(&mut line).await?;
        let status = member.child.wait().await?;
        ensure!(status.success(), "a process that was to append has failed: {status}");
        told.push(serde_json::from_str::<Told>(&line).context("what a process tells")?);
    }
    Ok(Came { round: together(&told), told })
}

fn start(url: &str, writers: usize, seconds: u64, hot: &[Uuid]) -> anyhow::Result<Member> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "worker", "--database-url", url]);
    command.args(["--writers", &writers.to_string(), "--seconds", &seconds.to_string()]);
    if !hot.is_empty() {
        let hot: Vec<String> = hot.iter().map(Uuid::to_string).collect();
        command.args(["--hot", &hot.join(",")]);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("starting a process that appends")?;
    let orders = child.stdin.take().context("a process without input")?;
    let answers = BufReader::new(child.stdout.take().context("a process without output")?);
    Ok(Member { child, orders, answers })
}

/// Throughputs add up; how long commands took is told of all of them.
fn together(told: &[Told]) -> Round {
    let per_second: f64 = told.iter().map(|told| told.micros.len() as f64 / told.elapsed.as_secs_f64()).sum();
    let mut all = Latencies::default();
    for told in told {
        all.merge(Latencies::from_micros(told.micros.clone()));
    }
    let longest = told.iter().map(|told| told.elapsed).max().unwrap_or_default();
    Round { per_second, ..Round::of(all, longest) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn throughputs_add_up() {
        let told = |commands: usize, seconds| Told {
            micros: vec![1000; commands],
            elapsed: Duration::from_secs(seconds),
            ..Told::default()
        };
        let round = together(&[told(100, 1), told(300, 2)]);
        assert_eq!(round.commands, 400);
        assert!((round.per_second - 250.0).abs() < 1e-9);
    }
}
