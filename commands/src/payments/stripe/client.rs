//! Sending requests, again where that helps, and reading answers.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::{
    super::gateway::{GatewayError, GatewayKey, MISSING},
    API_VERSION, StripeSettings, StripeSettingsError, address,
    form::Form,
    objects::{ErrorAnswer, ErrorObject},
    retry,
};

const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: &str = "idempotent-replayed";
const STRIPE_SHOULD_RETRY: &str = "stripe-should-retry";
const REQUEST_ID: &str = "request-id";

/// How large an answer may be: a page of a hundred payments has about 200 KB.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// The longest message of Stripe's that is handed on.
const MESSAGE_CHARS_MAX: usize = 300;

/// What came of a `POST`.
pub(super) struct Posted<T> {
    pub object: T,
    /// The first answer to this key, once more.
    pub replayed: bool,
}

/// Speaks HTTP with Stripe. Clones share everything.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    settings: Arc<StripeSettings>,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    pub fn new(settings: StripeSettings) -> Result<Self, StripeSettingsError> {
        let base = Url::parse(&settings.api_base).map_err(|_| StripeSettingsError::Address)?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(StripeSettingsError::Address);
        }
        let bearer = format!("Bearer {}", settings.secret_key.expose_secret());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| StripeSettingsError::Key)?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(STRIPE_VERSION, HeaderValue::from_static(API_VERSION));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("agrodeep/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout)
            // The key must not be carried to where an answer points.
            .redirect(Policy::none())
            .build()?;
        Ok(Self { http, base, settings: Arc::new(settings) })
    }

    /// Asks for something to be done.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        form: &Form,
        key: Option<&GatewayKey>,
    ) -> Result<Posted<T>, GatewayError> {
        let url = address(&self.base, path, &Form::new());
        let answer = self.send(Method::POST, &url, Some(form), key).await?;
        let replayed = answer.header(IDEMPOTENT_REPLAYED) == Some("true");
        Ok(Posted { object: answer.read()?, replayed })
    }

    /// Asks for what is there.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &Form) -> Result<T, GatewayError> {
        let url = address(&self.base, path, query);
        self.send(Method::GET, &url, None, None).await?.read()
    }

    /// The same; `None`: there is no such thing.
    pub async fn get_existing<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Form,
    ) -> Result<Option<T>, GatewayError> {
        match self.get(path, query).await {
            Ok(object) => Ok(Some(object)),
            Err(GatewayError::Rejected { code, .. }) if code == MISSING => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request, with the same key however often, until the answer is final or patience ends.
    async fn send(
        &self,
        method: Method,
        url: &Url,
        form: Option<&Form>,
        key: Option<&GatewayKey>,
    ) -> Result<Answer, GatewayError> {
        let mut repeat = 0;
        loop {
            let sent = self.send_once(method.clone(), url, form, key).await;
            let (again, asked) = match &sent {
                // TCP, TLS, a time-out: whether it was done is open.
                Err(_) => (true, None),
                Ok(answer) => (answer.asks_for_a_repeat(), answer.retry_after()),
            };
            if !again || repeat == self.settings.retries_max {
                return sent.and_then(Answer::verdict);
            }
            repeat += 1;
            metrics::counter!("payment_provider_retries_total", "gateway" => "stripe").increment(1);
            let StripeSettings { first_pause, pause_max, .. } = *self.settings;
            let pause = retry::pause(repeat, first_pause, pause_max, rand::random(), asked);
            let why = match &sent {
                Err(error) => error.to_string(),
                Ok(answer) => answer.status.to_string(),
            };
            tracing::warn!(%method, path = url.path(), repeat, why, "a request to Stripe is sent again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn send_once(
        &self,
        method: Method,
        url: &Url,
        form: Option<&Form>,
        key: Option<&GatewayKey>,
    ) -> Result<Answer, GatewayError> {
        let mut request = self.http.request(method, url.clone());
        if let Some(form) = form {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.encoded().unwrap_or_default().to_owned());
        }
        if let Some(key) = key {
            let key = HeaderValue::from_str(key.as_str()).map_err(|_| GatewayError::Rejected {
                code: "parameter_invalid_string".to_owned(),
                message: "the idempotency key cannot be sent".to_owned(),
            })?;
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let answer = request.send().await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Answer { status, headers, body: read_body(answer).await? })
    }
}

/// The whole body, unless it is too long to be one of Stripe's.
async fn read_body(mut answer: Response) -> Result<Vec<u8>, GatewayError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(GatewayError::Unavailable("its answer is longer than 4 MB".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[allow(clippy::needless_pass_by_value, reason = "it is for map_err")]
fn unreachable(error: reqwest::Error) -> GatewayError {
    let kind = if error.is_timeout() {
        "it does not answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    // The innermost cause says most; the address is of no use and may hold ids.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    GatewayError::Unavailable(format!("{kind} ({cause})"))
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn asks_for_a_repeat(&self) -> bool {
        retry::should_retry(self.status.as_u16(), self.header(STRIPE_SHOULD_RETRY))
    }

    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// The answer, if it is good; or what the error means for who asked.
    fn verdict(self) -> Result<Self, GatewayError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let status = self.status.as_u16();
        let request = self.header(REQUEST_ID).unwrap_or("unknown").to_owned();
        let Ok(ErrorAnswer { error }) = serde_json::from_slice(&self.body) else {
            // A proxy, a page: nobody who could say no for Stripe.
            return Err(GatewayError::Unavailable(format!(
                "its answer {status} cannot be read (request {request})"
            )));
        };
        let told = told(&error, &request);
        Err(match status {
            // Whoever operates this has to act; the payment is not at fault.
            401 | 403 => {
                tracing::error!(status, request, "Stripe does not accept the secret key");
                GatewayError::Unavailable(format!(
                    "it does not accept the secret key, or not for this ({status}, request {request})"
                ))
            }
            // Not now: the same request may be answered otherwise later.
            408 | 409 | 424 | 429 | 500.. => {
                GatewayError::Unavailable(format!("{status} {}: {told}", error.code()))
            }
            _ => GatewayError::Rejected { code: error.code().to_owned(), message: told },
        })
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, GatewayError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let request = self.header(REQUEST_ID).unwrap_or("unknown");
            // Where it is wrong, never what stands there.
            let place = format!("line {} column {}", error.line(), error.column());
            GatewayError::Unavailable(format!("its answer cannot be read ({place}, request {request})"))
        })
    }
}

fn told(error: &ErrorObject, request: &str) -> String {
    let message: String = error.message().chars().take(MESSAGE_CHARS_MAX).collect();
    format!("{message} (request {request})")
}
