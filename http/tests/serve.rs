//! The server against clients that behave well and badly.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use agrodeep_http::{ServeOptions, serve};
use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

async fn start(options: ServeOptions) -> (std::net::SocketAddr, CancellationToken, JoinHandle<()>) {
    let router = Router::new().route("/fast", get(|| async { "fast" })).route(
        "/slow",
        get(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { serve(listener, router, shutdown, options).await.unwrap() }
    });
    (address, shutdown, server)
}

async fn send(address: std::net::SocketAddr, text: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn requests_under_way_end_before_the_server_does() {
    let (address, shutdown, server) = start(ServeOptions::default()).await;
    let slow = send(address, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let idle = send(address, b"").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    shutdown.cancel();
    assert!(answer(slow).await.ends_with("slow"));
    server.await.unwrap();
    assert_eq!(answer(idle).await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_client_that_dawdles_over_its_headers_is_let_go() {
    let options = ServeOptions { header_timeout: Duration::from_millis(200), ..ServeOptions::default() };
    let (address, ..) = start(options).await;
    for start in ["", "P", "PRI * HTTP/2.0\r\n\r\n", "GET /fast HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let begun = Instant::now();
        let stream = send(address, start.as_bytes()).await;
        tokio::time::timeout(Duration::from_secs(5), answer(stream)).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(150), "{start:?}");
    }
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let (address, ..) = start(ServeOptions { connections_max: 1, ..ServeOptions::default() }).await;
    let first = send(address, b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let second = send(address, b"GET /fast HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let begun = Instant::now();
    assert!(answer(second).await.ends_with("fast"));
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(answer(first).await.ends_with("slow"));
}

#[tokio::test]
async fn http_2_is_understood_from_its_first_bytes() {
    let (address, ..) = start(ServeOptions::default()).await;
    // The preface and an empty SETTINGS frame; the server answers with its own SETTINGS frame (type 4).
    let mut stream = send(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4);
}
