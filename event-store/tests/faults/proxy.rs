//! A relay on loopback in front of the server's socket, that cuts connections at chosen moments.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the statement reaches the server.
    Before,
    /// Once the server has the statement.
    During,
    /// Once the server has answered; the answer is swallowed.
    After,
}

/// How often each happened.
#[derive(Debug, Default)]
pub struct Cuts {
    pub before: AtomicUsize,
    pub during: AtomicUsize,
    pub after: AtomicUsize,
}

impl Cuts {
    pub fn all(&self) -> usize {
        [&self.before, &self.during, &self.after].iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    fn count(&self, cut: Cut) {
        let count = match cut {
            Cut::Before => &self.before,
            Cut::During => &self.during,
            Cut::After => &self.after,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

pub struct Proxy {
    pub url: String,
    pub cuts: Arc<Cuts>,
    relaying: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.relaying.abort();
    }
}

impl Proxy {
    /// Relays to the server at `socket`. Of the statements that append, over all connections, every `every`-th is cut, in
    /// each of `ways` in turn.
    pub async fn start(socket: PathBuf, every: usize, ways: &'static [Cut]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(Cuts::default());
        let plan = Arc::new(Plan { every, ways, statements: AtomicUsize::new(0), cuts: cuts.clone() });
        let relaying = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, plan) = (socket.clone(), plan.clone());
                tokio::spawn(async move { relay(client, socket, plan).await });
            }
        });
        Self { url: format!("postgresql://agrodeep@127.0.0.1:{port}/postgres"), cuts, relaying }
    }
}

struct Plan {
    every: usize,
    ways: &'static [Cut],
    statements: AtomicUsize,
    cuts: Arc<Cuts>,
}

impl Plan {
    /// What becomes of the next statement that appends.
    fn next(&self) -> Option<Cut> {
        let statement = self.statements.fetch_add(1, Ordering::Relaxed) + 1;
        statement.is_multiple_of(self.every).then(|| self.ways[statement / self.every % self.ways.len()])
    }
}

/// A message of the protocol (version 3): its kind, then its length, which counts itself.
async fn message(from: &mut (impl AsyncReadExt + Unpin), with_kind: bool) -> io::Result<(u8, Vec<u8>)> {
    let kind = if with_kind { from.read_u8().await? } else { 0 };
    let length = from.read_u32().await?;
    let mut bytes = if with_kind { vec![kind] } else { vec![] };
    bytes.extend(length.to_be_bytes());
    let head = bytes.len();
    bytes.resize(head + length.saturating_sub(4) as usize, 0);
    from.read_exact(&mut bytes[head..]).await?;
    Ok((kind, bytes))
}

async fn relay(client: TcpStream, socket: PathBuf, plan: Arc<Plan>) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = UnixStream::connect(socket).await?.into_split();
    let (_, start) = message(&mut from_client, false).await?;
    let appends = start.windows(b"agrodeep-append".len()).any(|window| window == b"agrodeep-append");
    to_server.write_all(&start).await?;

    // How many answers the server owes, and whether they are swallowed.
    let (swallow, swallowing) = watch::channel(false);
    let owed = Arc::new(AtomicUsize::new(1));
    let owing = owed.clone();
    let mut answers = tokio::spawn(async move {
        loop {
            let (kind, bytes) = message(&mut from_server, true).await?;
            let last = kind == b'Z' && owing.fetch_sub(1, Ordering::Relaxed) == 1;
            if !*swallowing.borrow() {
                to_client.write_all(&bytes).await?;
            } else if last {
                return io::Result::Ok(());
            }
        }
    });
    loop {
        let (kind, bytes) = tokio::select! {
            message = message(&mut from_client, true) => message?,
            ended = &mut answers => return ended?,
        };
        let cut = if appends && kind == b'B' { plan.next() } else { None };
        // Sync, Query: each is answered by one ReadyForQuery.
        owed.fetch_add(usize::from(matches!(kind, b'S' | b'Q')), Ordering::Relaxed);
        let Some(cut) = cut else {
            to_server.write_all(&bytes).await?;
            continue;
        };
        plan.cuts.count(cut);
        if cut == Cut::Before {
            answers.abort();
            return Ok(());
        }
        if cut == Cut::After {
            let _ = swallow.send(true);
        }
        // With the Sync that follows, or the server would only wait.
        let mut statement = bytes;
        loop {
            let (kind, bytes) = message(&mut from_client, true).await?;
            statement.extend(bytes);
            if kind == b'S' {
                break;
            }
        }
        owed.fetch_add(1, Ordering::Relaxed);
        to_server.write_all(&statement).await?;
        if cut == Cut::During {
            answers.abort();
            return Ok(());
        }
        return answers.await?;
    }
}
