//! A market of one's own to ask: `agrodeep up --demo` as a process.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{database::PrivatePlace, processor::ProcessorTime};
use crate::{
    demo,
    tour::{Apis, TourOptions},
};

/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// A market that runs. It is gone, with all that it held, when this is dropped.
pub struct Market {
    pub read: SocketAddr,
    write: SocketAddr,
    http: reqwest::Client,
    child: Child,
    folder: PathBuf,
}

/// Somebody who has signed in.
pub struct SignedIn {
    pub id: String,
    /// An access token.
    pub token: String,
}

impl Drop for Market {
    fn drop(&mut self) {
        // Its PostgreSQL ends with it.
        let _ = self.child.start_kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Market {
    /// Starts it.
    pub async fn start(place: &PrivatePlace) -> anyhow::Result<Self> {
        let folder = place.base().join(format!("agrodeep-bench-market-{}", std::process::id()));
        let (write, read) = (free_address()?, free_address()?);
        let child = program()?
            .arg("up")
            .arg("--demo")
            .args(["--write", &write.to_string(), "--read", &read.to_string()])
            .arg("--data-dir")
            .arg(&folder)
            .env("AGRODEEP_RATE_LIMITS", "off")
            .spawn()
            .context("starting agrodeep up")?;
        let mut market = Self { read, write, http: reqwest::Client::new(), child, folder };
        market.until_ready().await?;
        Ok(market)
    }

    /// Walks a tour through it, so that there are orders.
    pub async fn walk_tour(&self) -> anyhow::Result<()> {
        let options = self.addresses();
        let tour = program()?
            .args(["tour", "--write", &options.write_url, "--read", &options.read_url])
            .status()
            .await
            .context("starting agrodeep tour")?;
        ensure!(tour.success(), "the tour has failed");
        Ok(())
    }

    fn addresses(&self) -> TourOptions {
        TourOptions { write_url: format!("http://{}", self.write), read_url: format!("http://{}", self.read) }
    }

    /// Its two APIs.
    pub fn apis(&self) -> anyhow::Result<Apis> {
        Apis::new(&self.addresses())
    }

    /// The processor's time that it has had.
    pub fn processor_time(&self) -> anyhow::Result<ProcessorTime> {
        ProcessorTime::now(self.child.id().context("agrodeep up has ended")?)
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let ready = self.http.get(format!("http://{}/ready", self.read)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(self.child.try_wait()?.is_none(), "agrodeep up has ended before it was ready");
            ensure!(began.elapsed() < PATIENCE, "agrodeep up is not ready after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Signs the demo account of a role in.
    pub async fn sign_in(&self, role: &str) -> anyhow::Result<SignedIn> {
        let body = json!({ "email": demo::email(role), "password": demo::PASSWORD });
        let answer =
            self.http.post(format!("http://{}/v1/auth/login", self.write)).json(&body).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        let text = |pointer: &str| {
            let text = answer.pointer(pointer).and_then(Value::as_str);
            text.map(str::to_owned).with_context(|| format!("signing in as {role}: no {pointer}"))
        };
        Ok(SignedIn { id: text("/user/id")?, token: text("/access_token")? })
    }

    /// The id of the first item of a list.
    pub async fn first_id(&self, path: &str, token: &str) -> anyhow::Result<String> {
        let answer = self.http.get(format!("http://{}{path}", self.read)).bearer_auth(token).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        let id = answer["data"][0]["id"].as_str().with_context(|| format!("{path} is empty"))?;
        Ok(id.to_owned())
    }
}

fn program() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
