//! Asks the two APIs in a person's name.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use super::{TourOptions, answer::Answer};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The two APIs.
#[derive(Clone)]
pub struct Apis {
    http: Client,
    write: String,
    read: String,
}

impl Apis {
    pub fn new(options: &TourOptions) -> Result<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(15))
            .user_agent("agrodeep-tour")
            .build()
            .context("no HTTP client")?;
        Ok(Self { http, write: options.write_url.clone(), read: options.read_url.clone() })
    }

    /// A command of somebody.
    pub async fn command(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let request = self
            .http
            .request(method.clone(), format!("{}{path}", self.write))
            .header("Idempotency-Key", uuid::Uuid::new_v4().to_string());
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        send(request, token, format!("{method} {path}")).await
    }

    /// A query of somebody, answered from a read model that has reached `position`.
    pub async fn query(&self, path: &str, token: &str, position: Option<&str>) -> Result<Answer> {
        let request = self.http.get(format!("{}{path}", self.read));
        let request = match position {
            Some(position) => request.header("Agrodeep-Min-Position", position),
            None => request,
        };
        send(request, Some(token), format!("GET {path}")).await
    }

    /// An answer in this form, which may go on for a day.
    pub async fn stream(&self, path: &str, token: &str, accept: &str) -> Result<Response> {
        let request = self.http.get(format!("{}{path}", self.read)).timeout(DAY);
        let answer = request.header("Accept", accept).bearer_auth(token).send().await;
        let answer = answer.map_err(|error| unreachable(&error).context(format!("GET {path}")))?;
        answer.error_for_status().with_context(|| format!("GET {path}"))
    }
}

async fn send(request: RequestBuilder, token: Option<&str>, what: String) -> Result<Answer> {
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let response = request.send().await.map_err(|error| unreachable(&error).context(what.clone()))?;
    let status = response.status();
    let position = response.headers().get("Agrodeep-Position").and_then(|value| value.to_str().ok());
    let position = position.map(str::to_owned);
    let body = response.bytes().await.with_context(|| format!("{what}: the answer broke off"))?;
    Ok(Answer { what, status, position, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

fn unreachable(error: &reqwest::Error) -> anyhow::Error {
    let url =
        error.url().map_or_else(String::new, |url| format!(" at {}", url.origin().ascii_serialization()));
    if error.is_connect() {
        anyhow::anyhow!("nothing answers{url}: is `agrodeep up --demo` running?")
    } else if error.is_timeout() {
        anyhow::anyhow!("no answer within 15 s{url}")
    } else {
        anyhow::anyhow!("the request failed{url}: {error}")
    }
}
