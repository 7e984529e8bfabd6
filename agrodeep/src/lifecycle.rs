//! Starting to listen, running, and ending in the right order: first nothing new is taken, then what was accepted is
//! finished, then what works in the background ends.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use agrodeep_http::{ServeOptions, serve};
use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use futures::future::{BoxFuture, join_all};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// How long requests under way may take to end.
const SERVERS_END: Duration = Duration::from_secs(4);
/// How long commands may take to end whose clients have gone.
const ACCEPTED_END: Duration = Duration::from_secs(2);
/// How long what works in the background may take to end.
const RUNNERS_END: Duration = Duration::from_secs(3);

/// Listens at `address`, which `setting` names.
///
/// # Errors
/// When somebody else does, or nobody can.
pub async fn listen(address: SocketAddr, setting: &str, flag: &str) -> Result<TcpListener> {
    let error = match TcpListener::bind(address).await {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    match error.kind() {
        io::ErrorKind::AddrInUse => bail!(
            "{setting} {address} is taken: another process listens there; stop it, or choose another address with {flag}"
        ),
        io::ErrorKind::PermissionDenied => {
            bail!("{setting} {address} is not allowed for this user; choose a port above 1023 with {flag}")
        }
        io::ErrorKind::AddrNotAvailable => {
            bail!("{setting} {address} is not an address of this machine; choose another with {flag}")
        }
        _ => Err(error).with_context(|| format!("{setting} {address} cannot be listened at")),
    }
}

/// Where a process on this machine reaches `listener`.
pub fn local_url(listener: &TcpListener) -> Result<String> {
    let mut address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    Ok(format!("http://{address}"))
}

/// Asks to stop, by signals: SIGTERM, Ctrl-C, or the end of the terminal.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// From now on, signals do not end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hang_up.recv() => "SIGHUP",
        }
    }
}

/// The parts that run in this process.
#[derive(Default)]
pub struct Parts {
    servers: JoinSet<Ended>,
    runners: JoinSet<Ended>,
    stop_servers: CancellationToken,
    stop_runners: CancellationToken,
    after_serving: Vec<BoxFuture<'static, ()>>,
}

type Ended = (&'static str, Result<()>);

impl Parts {
    /// Serves `router`.
    pub fn serve(&mut self, name: &'static str, listener: TcpListener, router: Router) {
        let options = ServeOptions { shutdown_grace: SERVERS_END, ..ServeOptions::default() };
        let served = serve(listener, router, self.stop_servers.clone(), options);
        self.servers.spawn(async move { (name, served.await.map_err(anyhow::Error::from)) });
    }

    /// Cancelled when nothing new is to be taken any more: for answers that would not end by themselves.
    pub fn stopping(&self) -> CancellationToken {
        self.stop_servers.clone()
    }

    /// Runs what works in the background, until the token that it is given says so.
    pub fn run<F>(&mut self, name: &'static str, runner: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let running = runner(self.stop_runners.clone());
        self.runners.spawn(async move { (name, running.await) });
    }

    /// What has to be waited for once nothing is served any more.
    pub fn finish_after_serving(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.after_serving.push(Box::pin(work));
    }

    /// Goes on until a signal comes, then ends everything in order. A second signal ends the patience.
    ///
    /// # Errors
    /// When a part ended that nobody asked to.
    pub async fn until_asked_to_stop(mut self, signals: &mut Signals) -> Result<()> {
        let outcome = tokio::select! {
            name = signals.next() => {
                tracing::info!(signal = name, "stopping");
                Ok(())
            }
            Some(ended) = self.servers.join_next(), if !self.servers.is_empty() => Err(died(ended)),
            Some(ended) = self.runners.join_next(), if !self.runners.is_empty() => Err(died(ended)),
        };
        if let Err(error) = &outcome {
            tracing::error!(error = format!("{error:#}"), "stopping, as a part has ended");
        }
        tokio::select! {
            () = self.end() => {}
            name = signals.next() => tracing::warn!(signal = name, "stopping at once"),
        }
        outcome
    }

    async fn end(&mut self) {
        self.stop_servers.cancel();
        // Each server keeps the time by itself; the extra second is for the unforeseen.
        finish(&mut self.servers, SERVERS_END + Duration::from_secs(1)).await;
        if timeout(ACCEPTED_END, join_all(self.after_serving.drain(..))).await.is_err() {
            tracing::warn!("some commands whose clients have gone did not end in time");
        }
        self.stop_runners.cancel();
        finish(&mut self.runners, RUNNERS_END).await;
    }
}

async fn finish(parts: &mut JoinSet<Ended>, patience: Duration) {
    let all = async {
        while let Some(ended) = parts.join_next().await {
            match ended {
                Ok((_, Ok(()))) => {}
                Ok((name, Err(error))) => {
                    tracing::warn!(part = name, error = format!("{error:#}"), "ended with an error");
                }
                Err(error) => tracing::error!(%error, "a part has died"),
            }
        }
    };
    if timeout(patience, all).await.is_err() {
        tracing::warn!(parts = parts.len(), "some parts did not end in time");
        parts.abort_all();
    }
}

fn died(ended: Result<Ended, tokio::task::JoinError>) -> anyhow::Error {
    match ended {
        Ok((name, Ok(()))) => anyhow!("{name} has ended by itself"),
        Ok((name, Err(error))) => error.context(format!("{name} has ended")),
        Err(error) => anyhow!("a part has died: {error}"),
    }
}
