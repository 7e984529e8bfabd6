//! Somebody who talks to the APIs.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body, `null` if there is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
    /// `Agrodeep-Position`.
    pub position: Option<String>,
    /// `Idempotency-Replayed`.
    pub replayed: bool,
    /// `ETag`.
    pub etag: Option<String>,
}

impl Answer {
    /// The answer, which must have this status.
    #[allow(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "often it is all that is asked"
    )]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// A text in the body.
    pub fn text_at(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no text at {pointer} in {}", self.text)).to_owned()
    }
}

/// Somebody, signed in or not.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    write: String,
    read: String,
    token: Option<String>,
    id: Option<String>,
}

/// The password of all demo accounts, and of those that [`Client::register`] makes.
pub const PASSWORD: &str = "demo-password-1";

impl Client {
    /// Somebody who is not signed in.
    pub fn anonymous(system: &crate::system::System) -> Self {
        Self::of(&system.write, &system.read)
    }

    /// Somebody who is not signed in, at these APIs.
    pub fn of(write: &str, read: &str) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        Self { http, write: write.to_owned(), read: read.to_owned(), token: None, id: None }
    }

    /// The demo account of this role.
    pub async fn demo(system: &crate::system::System, role: &str) -> Self {
        Self::anonymous(system).sign_in(&format!("{role}@demo.agrodeep.test")).await
    }

    /// The same, signed in as this account.
    pub async fn sign_in(mut self, email: &str) -> Self {
        let answer =
            self.post("/v1/auth/login", json!({"email": email, "password": PASSWORD})).await.expect(200);
        self.token = Some(answer.text_at("/access_token"));
        self.id = Some(answer.text_at("/user/id"));
        self
    }

    /// Who is signed in.
    pub fn id(&self) -> &str {
        self.id.as_deref().expect("somebody who is signed in")
    }

    /// A new account, signed in.
    pub async fn register(system: &crate::system::System, role: &str, name: &str) -> Self {
        Self::anonymous(system).join(role, name).await
    }

    /// The same, with a new account.
    pub async fn join(self, role: &str, name: &str) -> Self {
        let email = format!("{name}@test.agrodeep.test");
        let body = json!({"email": email, "password": PASSWORD, "role": role, "first_name": name, "last_name": "Test"});
        self.post("/v1/auth/register", body).await.expect(201);
        self.sign_in(&email).await
    }

    /// A request; `Err` when no answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let base = if method == Method::GET { &self.read } else { &self.write };
        let mut request = self.http.request(method, format!("{base}{path}"));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (position, etag) = (header("agrodeep-position"), header("etag"));
        let replayed = header("idempotency-replayed").as_deref() == Some("true");
        let status = response.status();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, body, text, position, replayed, etag })
    }

    /// A JSON document at an address.
    pub async fn document(&self, url: &str) -> Value {
        let text = self.http.get(url).send().await.expect("an answer").text().await.expect("a text");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// A command.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(&body), &[]).await.expect("an answer")
    }

    /// A command with an idempotency key.
    pub async fn post_with_key(&self, path: &str, body: &Value, key: &str) -> Result<Answer, reqwest::Error> {
        self.send(Method::POST, path, Some(body), &[("idempotency-key", key)]).await
    }

    /// A query.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await.expect("an answer")
    }

    /// A query that must have seen what `answer` did.
    pub async fn get_after(&self, path: &str, answer: &Answer) -> Answer {
        let position = answer.position.as_deref().expect("a position");
        self.send(Method::GET, path, None, &[("agrodeep-min-position", position)]).await.expect("an answer")
    }

    /// Asks until `done` says so.
    pub async fn get_until(&self, path: &str, done: impl Fn(&Value) -> bool) -> Answer {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.get(path).await;
            if answer.status.is_success() && done(&answer.body) {
                return answer;
            }
            assert!(Instant::now() < patience, "{path} does not become what it should: {}", answer.text);
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Offers a product with so much stock, as a producer; its id.
    pub async fn offer(&self, name: &str, stock: u32) -> String {
        let body = json!({
            "name": {"en": name, "fr": name}, "category_id": "cat_test", "price": 2.50, "currency": "EUR",
            "unit": "piece", "stock_quantity": stock,
        });
        self.post("/v1/products", body).await.expect(201).text_at("/id")
    }
}

/// The body of an order of so many of one product.
pub fn order_of(product: &str, quantity: u32) -> Value {
    json!({
        "items": [{"product_id": product, "quantity": quantity}],
        "shipping_address": {
            "street": "123 Rue du Marché", "city": "Lyon", "zip_code": "69001", "country": "FR",
            "latitude": 45.764, "longitude": 4.8357,
        },
    })
}
