//! The API with everything it needs, and a client for it.

use std::sync::Arc;

use agrodeep_commands::{
    CommandContext, CommandSettings, Commands, Executor,
    payments::{signature::WebhookSecrets, simulated::SimulatedGateway},
};
use agrodeep_domain::{Actor, Personal, Role};
use agrodeep_event_store::{Position, SharedLog, postgres::testing::TestDatabase};
use agrodeep_http::{Readiness, ServiceRoutes, TokenVerifier};
use agrodeep_write_api::{
    PublicUrls, Runner, SharedParked, SharedRebuilds, WriteApi,
    accounts::{
        AccountSettings, Accounts, EmailAddress, NewAccount, Password, SigningKeySource, register_account,
    },
    router,
};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{parked::FakeDesk, rebuilds::FakeRebuilds};

pub const PASSWORD: &str = "demo-password-1";
pub const WEBHOOK_SECRET: &str = "whsec_test";

pub struct App {
    pub database: TestDatabase,
    pub log: SharedLog,
    pub commands: Commands,
    pub accounts: Accounts,
    pub simulator: SimulatedGateway,
    pub settings: AccountSettings,
    router: Router,
}

impl App {
    pub async fn start() -> Self {
        let database = TestDatabase::create().await;
        let log = database.log().await;
        let simulator = SimulatedGateway::new(database.pool().clone());
        let commands =
            Commands::new(Executor::new(log.clone()), database.pool(), Arc::new(simulator.clone()))
                .with_settings(CommandSettings {
                    payment_wait: std::time::Duration::from_millis(300),
                    ..CommandSettings::default()
                });
        let settings = AccountSettings::default();
        let accounts = Accounts::open(database.pool().clone(), settings.clone()).await.unwrap();
        let keys = Arc::new(SigningKeySource::new(database.pool().clone()));
        let api = WriteApi {
            commands: commands.clone(),
            accounts: accounts.clone(),
            verifier: TokenVerifier::new(keys, &settings.issuer, &settings.audience),
            runner: Runner::new(commands.idempotency.clone()),
            webhook_secrets: WebhookSecrets::new([WEBHOOK_SECRET.into()]),
            simulator: Some(simulator.clone()),
            parked: SharedParked(Arc::new(FakeDesk::default())),
            rebuilds: SharedRebuilds(Arc::new(FakeRebuilds::default())),
            urls: PublicUrls { read: "http://read.test".to_owned() },
        };
        let (routes, contract) = router(api);
        let service = ServiceRoutes { name: "write-api", readiness: Readiness::new(), metrics: None };
        let router = service.around(routes, contract);
        Self { database, log, commands, accounts, simulator, settings, router }
    }

    pub async fn head(&self) -> Position {
        self.log.head().await.unwrap()
    }

    /// A signed-in user of this role; `name` makes the address.
    pub async fn user(&self, role: Role, name: &str) -> User {
        let new = NewAccount {
            role,
            email: format!("{name}@test.example").parse::<EmailAddress>().unwrap(),
            password: Some(Password::new(PASSWORD.to_owned()).unwrap()),
            first_name: Personal::new(name.to_owned()),
            last_name: Personal::new("Test".to_owned()),
            phone: None,
            company: None,
        };
        let context = CommandContext::new(Actor::system("test"), chrono::Utc::now());
        let registered = register_account(&self.accounts, &self.commands, new, context).await.unwrap();
        let login = self
            .post("/v1/auth/login")
            .json(&json!({ "email": format!("{name}@test.example"), "password": PASSWORD }))
            .send()
            .await;
        assert_eq!(login.status, 200, "{}", login.json);
        User {
            id: registered.account_id,
            token: login.text("access_token"),
            refresh_token: login.text("refresh_token"),
        }
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Ask<'_> {
        self.ask(Method::POST, path)
    }

    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        Ask { app: self, method, path: path.to_owned(), headers, body: Bytes::new() }
    }
}

pub struct User {
    pub id: agrodeep_domain::AccountId,
    pub token: String,
    pub refresh_token: String,
}

#[derive(Clone)]
pub struct Ask<'a> {
    app: &'a App,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask<'_> {
    pub fn by(self, user: &User) -> Self {
        self.token(&user.token)
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Reply {
        let mut request =
            Request::builder().method(self.method).uri(self.path).body(Body::from(self.body)).unwrap();
        *request.headers_mut() = self.headers;
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            bytes,
        }
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub json: Value,
    pub bytes: Bytes,
}

impl Reply {
    pub fn text(&self, field: &str) -> String {
        self.json[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.json)).to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }

    /// The pointers of what is wrong.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
    }

    /// A problem with this status and code.
    #[track_caller]
    pub fn is_problem(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.json["error"].as_str()), (status, Some(error)), "{}", self.json);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["status"], status);
        assert_eq!(self.json["instance"], self.header("x-request-id"));
        assert_eq!(self.json["type"], format!("https://api.agrodeep.com/problems/{error}"));
        assert!(self.json["title"].is_string() && self.json["detail"].is_string());
    }

    #[track_caller]
    pub fn is(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.json);
    }
}
