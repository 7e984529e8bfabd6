//! A shop that takes webhooks: the smallest HTTP server that does.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a shop heard: the signature and the body.
pub type Heard = Vec<(String, String)>;

pub struct Shop {
    pub url: String,
    pub heard: Arc<Mutex<Heard>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shop {
    /// Answers its first requests with these statuses, all further ones with 200. Statuses of 0 hang up.
    pub async fn open(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/payments/webhook", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Heard::new()));
        let count = Arc::new(AtomicUsize::new(0));
        let noting = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let status = statuses.get(count.fetch_add(1, Ordering::SeqCst)).copied().unwrap_or(200);
                tokio::spawn(serve(stream, status, Arc::clone(&noting)));
            }
        });
        Self { url, heard, task }
    }
}

async fn serve(mut stream: TcpStream, status: u16, heard: Arc<Mutex<Heard>>) {
    let mut bytes = Vec::new();
    let body = loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(request) = whole(&bytes) {
            break request;
        }
    };
    heard.lock().unwrap().push(body);
    if status > 0 {
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// The signature and the body, once both are there.
fn whole(bytes: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length: usize = header("content-length")?.parse().ok()?;
    (body.len() == length).then(|| (header("stripe-signature").unwrap_or_default(), body.to_owned()))
}
