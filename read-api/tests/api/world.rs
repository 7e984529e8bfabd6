//! A market for one test: a database, projections that run, and the API.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use agrodeep_domain::{Account, Actor, Aggregate, DomainEvent};
use agrodeep_event_store::{
    Append, AppendOutcome, Metadata, NewEvent, Position, SharedLog, StreamId, postgres::testing::TestDatabase,
};
use agrodeep_http::ServiceRoutes;
use agrodeep_projections::{Projections, ReadModels, search::ProductIndex};
use agrodeep_read_api::{
    ReadApi, ReadApiSettings, SERVICE, event_streams::StreamSettings, readiness, router,
};
use agrodeep_schemas::catalogue;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, value::RawValue};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    payments::Known,
    people::{EVERYBODY, Person, verifier},
};

/// An event that is going to happen.
#[derive(Clone, Debug)]
pub struct Happening {
    pub stream: StreamId,
    pub actor: Actor,
    pub event: NewEvent,
}

/// What happens to the aggregate `id`.
pub fn happens<A: Aggregate>(id: Uuid, actor: Actor, event: impl Into<A::Event>) -> Happening {
    let event: A::Event = event.into();
    let payload = serde_json::value::to_raw_value(&event).unwrap();
    let event = NewEvent { event_type: event.name().into(), event_version: event.version().into(), payload };
    Happening { stream: StreamId::new(A::TYPE, id), actor, event }
}

/// What happens to a stream that this crate has no types for.
pub fn happens_to(stream: StreamId, actor: Actor, event_type: &'static str, payload: &Value) -> Happening {
    let payload = serde_json::value::to_raw_value(payload).unwrap();
    Happening {
        stream,
        actor,
        event: NewEvent { event_type: event_type.into(), event_version: "1".into(), payload },
    }
}

pub struct World {
    pub database: TestDatabase,
    pub log: SharedLog,
    pub differences: Arc<Known>,
    app: Router,
    state: Mutex<State>,
    _running: DropGuard,
    _index: Option<IndexFolder>,
}

/// What runs beside the API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Beside {
    Nothing,
    Projections,
    ProjectionsAndIndex,
}

/// A folder that goes with its world.
struct IndexFolder(PathBuf);

impl IndexFolder {
    fn of(database: &TestDatabase) -> Self {
        let name = format!("agrodeep-index-{}-{}", std::process::id(), database.name());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for IndexFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct State {
    versions: HashMap<StreamId, u64>,
    position: Position,
    now: DateTime<Utc>,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: no JSON: {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The JSON of an answer that is as it should be.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The code of a problem, which must have the form of one.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail", "instance", "error"] {
            assert!(problem[member].is_string(), "{member} of {problem}");
        }
        problem
    }
}

impl World {
    /// Everybody has an account; projections run.
    pub async fn new() -> Self {
        Self::build(Beside::Projections).await
    }

    /// As [`Self::new`], and products can be searched.
    pub async fn with_index() -> Self {
        Self::build(Beside::ProjectionsAndIndex).await
    }

    /// No projection runs: every read model stays at the beginning.
    pub async fn without_projections() -> Self {
        Self::build(Beside::Nothing).await
    }

    async fn build(beside: Beside) -> Self {
        let database = TestDatabase::create_with_read().await;
        let (log, pool) = (database.log().await, database.read_pool().clone());
        let mut models = ReadModels::new(log.clone(), pool.clone());
        let stop = CancellationToken::new();
        if beside >= Beside::Projections {
            let projections = Projections::new(log.clone(), pool.clone());
            models = models.with_progress(projections.progress());
            tokio::spawn(projections.run(stop.clone()));
        }
        let mut folder = None;
        if beside >= Beside::ProjectionsAndIndex {
            let folder = folder.insert(IndexFolder::of(&database));
            let (index, indexer) = ProductIndex::open(&folder.0).unwrap();
            models = models.with_index(index);
            tokio::spawn(indexer.run(log.clone(), pool, stop.clone()));
        }
        let settings = ReadApiSettings {
            public_url: "https://api.agrodeep.test/".to_owned(),
            // In a test, patience costs nothing: what waits this long has failed.
            min_position_wait: match beside {
                Beside::Nothing => Duration::from_millis(100),
                _ => Duration::from_secs(20),
            },
            ready_lag_events_max: 3,
        };
        let streams = StreamSettings::new(catalogue(), stop.clone());
        let differences = Arc::new(Known::default());
        let api = ReadApi {
            models,
            log: log.clone(),
            differences: differences.clone(),
            streams,
            tokens: verifier(),
            settings,
        };
        let readiness = readiness(&api);
        let (router, openapi) = router(api);
        let app = ServiceRoutes { name: SERVICE, readiness, metrics: None }.around(router, openapi);
        let state = State {
            versions: HashMap::new(),
            position: Position::START,
            now: "2024-08-15T10:29:00Z".parse().unwrap(),
        };
        let world = Self {
            database,
            log,
            app,
            state: Mutex::new(state),
            differences,
            _running: stop.drop_guard(),
            _index: folder,
        };
        for person in EVERYBODY {
            world.happen(happens::<Account>(person.id().uuid(), person.actor(), person.registered())).await;
        }
        world
    }

    /// Lets something happen, a minute after what happened last. When that is, is answered.
    pub async fn happen(&self, happening: Happening) -> DateTime<Utc> {
        let Happening { stream, actor, event } = happening;
        let command_id = Uuid::now_v7();
        let (occurred_at, expected_version) = {
            let mut state = self.state.lock().unwrap();
            state.now += TimeDelta::minutes(1);
            (state.now, state.versions.get(&stream).copied().unwrap_or(0))
        };
        let metadata = Metadata {
            actor: actor.to_string(),
            correlation_id: Uuid::from_u128(42),
            causation_id: command_id,
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            occurred_at,
            other: std::collections::BTreeMap::new(),
        };
        let append =
            Append { stream: stream.clone(), expected_version, command_id, events: vec![event], metadata };
        let AppendOutcome::Appended(appended) = self.log.append(append).await.unwrap() else {
            panic!("the event was not appended")
        };
        let mut state = self.state.lock().unwrap();
        state.versions.insert(stream, appended.version);
        state.position = appended.position;
        occurred_at
    }

    /// Lets several things happen, a minute after each other.
    pub async fn happen_all(&self, happenings: impl IntoIterator<Item = Happening>) {
        for happening in happenings {
            self.happen(happening).await;
        }
    }

    /// Where the log's end is.
    pub fn position(&self) -> Position {
        self.state.lock().unwrap().position
    }

    /// What somebody is answered once the read models know all that has happened.
    pub async fn get(&self, who: Person, path: &str) -> Answer {
        let position = self.position().to_string();
        let headers =
            [("authorization", format!("Bearer {}", who.token())), ("agrodeep-min-position", position)];
        self.send(path, &headers).await
    }

    /// Like [`Self::get`], with more headers.
    pub async fn get_with(&self, who: Person, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut all = vec![
            ("authorization", format!("Bearer {}", who.token())),
            ("agrodeep-min-position", self.position().to_string()),
        ];
        all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.send(path, &all).await
    }

    /// A request as it is.
    pub async fn send(&self, path: &str, headers: &[(&str, String)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10 << 20).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// Numbers as they stand in an answer, digit by digit: a parsed JSON number would not show `4.50`.
pub fn raw(answer: &Answer, member: &str) -> String {
    let object: HashMap<String, Box<RawValue>> = serde_json::from_slice(&answer.body).unwrap();
    object[member].get().to_owned()
}
