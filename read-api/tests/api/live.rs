//! Streams over real connections: readers that are killed, slow, or gone.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use agrodeep_event_store::{
    Append, AppendOutcome, EventLog, LogError, MemoryLog, Metadata, NewEvent, Position, Promises,
    RecordedEvent, SharedLog, StreamId, postgres::testing::TestDatabase,
};
use agrodeep_http::{ServeOptions, ServiceRoutes, serve};
use agrodeep_projections::ReadModels;
use agrodeep_read_api::{
    ReadApi, ReadApiSettings, SERVICE, event_streams::StreamSettings, readiness, router,
};
use async_trait::async_trait;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use agrodeep_schemas::catalogue;

use crate::{
    people::{ANALYST, AUDITOR, Person},
    story::{Tale, catalogue as offers},
    world::World,
};

/// The API on a port of its own.
struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    _serving: DropGuard,
    _database: TestDatabase,
}

async fn serve_log(database: TestDatabase, log: SharedLog, open_max: usize) -> Served {
    let stop = CancellationToken::new();
    let streams = StreamSettings {
        open_max,
        heartbeat: Duration::from_millis(100),
        ..StreamSettings::new(catalogue(), stop.clone())
    };
    let models = ReadModels::new(log.clone(), database.read_pool().clone());
    let tokens = crate::people::verifier();
    let differences = Arc::new(crate::payments::Known::default());
    let api = ReadApi { models, log, differences, streams, tokens, settings: ReadApiSettings::default() };
    let readiness = readiness(&api);
    let (router, openapi) = router(api);
    let app = ServiceRoutes { name: SERVICE, readiness, metrics: None }.around(router, openapi);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = CancellationToken::new();
    let options = ServeOptions { shutdown_grace: Duration::ZERO, ..ServeOptions::default() };
    tokio::spawn(serve(listener, app, serving.clone(), options));
    Served { address, stop, _serving: serving.drop_guard(), _database: database }
}

impl Served {
    async fn ask(&self, path: &str, accept: &str, last_event_id: Option<&str>, buffer: u32) -> TcpStream {
        self.ask_as(AUDITOR, path, accept, last_event_id, buffer).await
    }

    /// Asks as HTTP/1.0 does: the answer has no frames of its own and ends with the connection.
    async fn ask_as(
        &self,
        who: Person,
        path: &str,
        accept: &str,
        last_event_id: Option<&str>,
        buffer: u32,
    ) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(buffer).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        let last = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: test\r\nAccept: {accept}\r\nAuthorization: Bearer {}\r\n{last}\r\n",
            who.token()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn all(&self, path: &str, accept: &str) -> String {
        let mut text = Vec::new();
        self.ask(path, accept, None, 1 << 20).await.read_to_end(&mut text).await.unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn append(stream: &StreamId, version: u64, payload_bytes: usize) -> Append {
    let command_id = Uuid::now_v7();
    // Nothing that could be compressed.
    let filler: String = (0..payload_bytes / 32).map(|_| Uuid::new_v4().simple().to_string()).collect();
    let payload = serde_json::value::to_raw_value(&serde_json::json!({"TransitStarted": {"filler": filler}}));
    Append {
        stream: stream.clone(),
        expected_version: version,
        command_id,
        events: vec![NewEvent {
            event_type: "TransitStarted".into(),
            event_version: "1".into(),
            payload: payload.unwrap(),
        }],
        metadata: Metadata {
            actor: "system:test".to_owned(),
            correlation_id: command_id,
            causation_id: command_id,
            traceparent: None,
            occurred_at: chrono::Utc::now(),
            other: std::collections::BTreeMap::new(),
        },
    }
}

/// Counts the events that are read of it.
struct CountingLog {
    log: MemoryLog,
    read: AtomicUsize,
}

impl CountingLog {
    /// With so many events of about so many bytes.
    async fn filled(events: u64, payload_bytes: usize) -> Arc<Self> {
        let log = MemoryLog::default();
        let stream = StreamId::new("delivery", Uuid::now_v7());
        for version in 0..events {
            log.append(append(&stream, version, payload_bytes)).await.unwrap();
        }
        Arc::new(Self { log, read: AtomicUsize::new(0) })
    }

    /// How many were read, once no more are.
    async fn read_at_rest(&self) -> usize {
        let mut last = usize::MAX;
        loop {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let now = self.read.load(Ordering::SeqCst);
            if now == last {
                return now;
            }
            last = now;
        }
    }
}

#[async_trait]
impl EventLog for CountingLog {
    fn promises(&self) -> Promises {
        self.log.promises()
    }

    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        self.log.append_chain(chain).await
    }

    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.load(stream, after_version).await
    }

    async fn find_command(&self, stream: &StreamId, id: Uuid) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.find_command(stream, id).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let events = self.log.read(after, limit).await?;
        self.read.fetch_add(events.len(), Ordering::SeqCst);
        Ok(events)
    }

    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_back(before, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.log.head().await
    }

    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        self.log.wait_beyond(position, timeout).await;
    }
}

/// What an event source makes of a stream: whole messages, and the last id, which a heartbeat moves, too.
#[derive(Default)]
struct EventSource {
    unread: String,
    positions: Vec<i64>,
    last_event_id: Option<String>,
    heartbeats: usize,
}

impl EventSource {
    fn take(&mut self, bytes: &[u8]) {
        self.unread.push_str(std::str::from_utf8(bytes).unwrap());
        while let Some((message, rest)) = self.unread.split_once("\n\n") {
            let (mut id, mut data) = (None, None);
            for line in message.lines() {
                match line.split_once(':') {
                    Some(("id", value)) => id = Some(value.trim().to_owned()),
                    Some(("data", value)) => data = Some(serde_json::from_str::<Value>(value).unwrap()),
                    Some(("", _)) => self.heartbeats += 1,
                    Some(("retry", _)) => {}
                    _ => panic!("{line}"),
                }
            }
            if let Some(data) = data {
                assert_eq!(id.as_deref(), Some(&*data["position"].to_string()));
                self.positions.push(data["position"].as_i64().unwrap());
            }
            self.last_event_id = id.or(self.last_event_id.take());
            self.unread = rest.to_owned();
        }
    }

    /// The connection is gone, and with it what was not whole.
    fn cut(&mut self) {
        self.unread.clear();
    }
}

async fn skip_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&head));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_killed_and_resumed_a_hundred_times_during_writes_sees_each_event_once_in_order() {
    let database = TestDatabase::create_with_read().await;
    let log = database.log().await;
    let served = serve_log(database, log.clone(), 64).await;
    let done = CancellationToken::new();
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (log, done) = (log.clone(), done.clone());
            tokio::spawn(async move {
                let stream = StreamId::new("delivery", Uuid::now_v7());
                let mut version = 0;
                while !done.is_cancelled() {
                    log.append(append(&stream, version, 64)).await.unwrap();
                    version += 1;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    let mut client = EventSource::default();
    let mut cut_in_the_middle = 0;
    for _ in 0..100 {
        let mut stream =
            served.ask("/v1/events", "text/event-stream", client.last_event_id.as_deref(), 1 << 16).await;
        skip_head(&mut stream).await;
        // Killed after any number of bytes, within a message more often than not.
        let mut left = rand_below(20_000);
        let mut bytes = vec![0; 4_096];
        while left > 0 {
            let most = left.min(bytes.len());
            let count = stream.read(&mut bytes[..most]).await.unwrap();
            assert!(count > 0, "the stream ended by itself");
            client.take(&bytes[..count]);
            left -= count;
        }
        cut_in_the_middle += usize::from(!client.unread.is_empty());
        client.cut();
    }
    done.cancel();
    for writer in writers {
        writer.await.unwrap();
    }
    let head = log.head().await.unwrap().0;
    let mut stream =
        served.ask("/v1/events", "text/event-stream", client.last_event_id.as_deref(), 1 << 16).await;
    skip_head(&mut stream).await;
    let mut bytes = vec![0; 65_536];
    while client.positions.last() != Some(&head) {
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "the stream ended by itself");
        client.take(&bytes[..count]);
    }
    assert!(cut_in_the_middle > 30, "only {cut_in_the_middle} times within a message");
    assert_eq!(client.positions, (1..=head).collect::<Vec<_>>());
}

/// Any number below `most`.
fn rand_below(most: u128) -> usize {
    (Uuid::new_v4().as_u128() >> 8) as usize % most as usize
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_reading_costs_little_memory_and_holds_nobody_up() {
    const EVENTS: u64 = 30_000;
    let log = CountingLog::filled(EVENTS, 2_048).await;
    let served = serve_log(TestDatabase::create_with_read().await, log.clone(), 64).await;
    for accept in ["application/x-ndjson", "text/event-stream", "application/vnd.apache.parquet"] {
        let before = log.read_at_rest().await;
        let slow = served.ask("/v1/events", accept, None, 4_096).await;
        let read = log.read_at_rest().await - before;
        assert!(read > 0, "{accept}: nothing is sent");
        // What the parts and the system's buffers hold, of 60 MB.
        assert!(read < EVENTS as usize / 2, "{accept}: {read} events were read for who reads none");
        let others = served.all("/v1/events", "application/x-ndjson").await;
        assert!(others.ends_with("\"complete\":true}}\n"));
        assert_eq!(others.matches("\"position\":").count(), EVENTS as usize + 1);
        drop(slow);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_leaves_nothing_running() {
    let log = CountingLog::filled(30_000, 2_048).await;
    let served = serve_log(TestDatabase::create_with_read().await, log.clone(), 1).await;
    for accept in ["application/x-ndjson", "text/event-stream", "application/vnd.apache.parquet"] {
        let mut client = served.ask("/v1/events", accept, None, 4_096).await;
        skip_head(&mut client).await;
        let refused = served.all("/v1/events?limit=1", "application/x-ndjson").await;
        assert!(refused.starts_with("HTTP/1.0 503") && refused.contains("too_many_streams"), "{refused}");
        drop(client);
        // The one place that there is comes free: the stream, and what it held, is gone.
        while served.all("/v1/events?limit=1", "application/x-ndjson").await.starts_with("HTTP/1.0 503") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let read = log.read_at_rest().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(log.read.load(Ordering::SeqCst), read, "{accept}: somebody still reads");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_when_the_service_stops_and_say_what_is_missing() {
    let log = CountingLog::filled(30_000, 2_048).await;
    let served = serve_log(TestDatabase::create_with_read().await, log.clone(), 64).await;
    let mut live = served.ask("/v1/events?after=30000", "text/event-stream", None, 4_096).await;
    skip_head(&mut live).await;
    let mut lines = served.ask("/v1/events", "application/x-ndjson", None, 4_096).await;
    skip_head(&mut lines).await;
    log.read_at_rest().await;
    served.stop.cancel();
    let mut rest = Vec::new();
    live.read_to_end(&mut rest).await.unwrap();
    let mut text = String::new();
    lines.read_to_string(&mut text).await.unwrap();
    let end: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let count = end["end"]["count"].as_u64().unwrap();
    assert_eq!(end["end"]["complete"], false);
    assert_eq!(end["end"]["reason"], "the service is stopping");
    assert_eq!(end["end"]["position"], count, "where to go on");
    assert_eq!(text.lines().count() as u64, count + 1);
    assert!(count < 30_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_stream_is_heard_of_while_nothing_happens_and_moves_on_past_what_is_filtered_out() {
    let log = CountingLog::filled(3_000, 64).await;
    let served = serve_log(TestDatabase::create_with_read().await, log.clone(), 64).await;
    let mut stream = served.ask("/v1/events?type=OrderPlaced", "text/event-stream", None, 1 << 16).await;
    skip_head(&mut stream).await;
    let mut client = EventSource::default();
    let mut bytes = vec![0; 4_096];
    while client.heartbeats < 3 || client.last_event_id.as_deref() != Some("3000") {
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "the stream ended by itself");
        client.take(&bytes[..count]);
    }
    assert!(client.positions.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_stream_shows_analysts_nothing_personal() {
    let world = World::without_projections().await;
    world.happen_all(offers()).await;
    world.happen_all(Tale::new(1).until_delivered()).await;
    let head = world.log.head().await.unwrap();
    let served = serve_log(TestDatabase::create_with_read().await, world.log.clone(), 64).await;
    for (who, sees) in [(AUDITOR, true), (ANALYST, false)] {
        let mut stream = served.ask_as(who, "/v1/events", "text/event-stream", None, 1 << 16).await;
        skip_head(&mut stream).await;
        let (mut text, mut bytes) = (String::new(), vec![0; 65_536]);
        // The heartbeat after the last message has its id, too.
        while !text.contains(&format!("id: {head}\ndata: ")) || !text.ends_with("\n\n") {
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the stream ended by itself");
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        for secret in ["claire@example.com", "+33 6 98 76 54 32", "street", "driver:usr_"] {
            assert_eq!(text.contains(secret), sees, "{}: {secret}", who.role);
        }
        assert_eq!(text.contains("\"masked\""), !sees);
        for message in text.split("\n\n").filter(|message| message.contains("\ndata: ")) {
            let (id, data) = message.split_once("\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            assert_eq!(id, format!("id: {}", data["position"]), "a message's id is its event's position");
        }
    }
}
