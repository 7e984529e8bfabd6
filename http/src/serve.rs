//! The server: HTTP/1.1 and HTTP/2 on one port, with what `axum::serve` leaves out: a limit on how long headers may take, a
//! limit on connections, and an end to waiting when it shuts down.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How a server behaves towards its clients.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// How long a client may take to send the head of a request; also how long an idle connection is kept.
    pub header_timeout: Duration,
    /// How many connections are served at once; more wait.
    pub connections_max: usize,
    /// How long requests under way may take to end when the server stops.
    pub shutdown_grace: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            connections_max: 10_000,
            shutdown_grace: Duration::from_secs(20),
        }
    }
}

/// Serves until `shutdown`, then lets requests under way end.
///
/// # Errors
/// Only when the listener itself breaks; what goes wrong on one connection concerns that one.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    options: ServeOptions,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(options.connections_max));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let (slot, stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_about_one_connection(&error) => continue,
            Err(error) => {
                // Out of file handles, most likely: those in use come free again.
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let router = router.clone();
        let watcher = graceful.watcher();
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let _slot = slot;
            let _counted = Counted::new();
            let version = tokio::select! {
                () = shutdown.cancelled() => return,
                version = tokio::time::timeout(options.header_timeout, sniff(&stream)) => version,
            };
            let Ok(Ok(version)) = version else {
                return;
            };
            let _ = stream.set_nodelay(true);
            let service = router.map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                request.map(axum::body::Body::new)
            });
            let builder = builder(version, options);
            let connection = builder
                .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(options.shutdown_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(tokio::sync::OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((slot, stream, peer))
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

#[derive(Clone, Copy)]
enum Version {
    Http1,
    Http2,
}

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Looks at the first bytes without taking them. hyper would do it itself, but waits for them without limit.
async fn sniff(stream: &TcpStream) -> io::Result<Version> {
    let mut seen = [0; HTTP2_PREFACE.len()];
    loop {
        let count = stream.peek(&mut seen).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !HTTP2_PREFACE.starts_with(&seen[..count]) {
            return Ok(Version::Http1);
        }
        if count == HTTP2_PREFACE.len() {
            return Ok(Version::Http2);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn builder(version: Version, options: ServeOptions) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_buf_size(64 * 1024)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .max_header_list_size(32 * 1024)
        .keep_alive_interval(options.header_timeout)
        .keep_alive_timeout(options.header_timeout);
    match version {
        Version::Http1 => builder.http1_only(),
        Version::Http2 => builder.http2_only(),
    }
}

/// Counts a connection as long as it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("active_connections", "type" => "http").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("active_connections", "type" => "http").decrement(1.0);
    }
}
