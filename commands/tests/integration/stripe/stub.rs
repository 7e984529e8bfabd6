//! A stand-in for Stripe that keeps payments and refunds in memory and speaks as the API reference says
//! (<https://docs.stripe.com/api>): form-encoded bodies, strict about parameters, keys that give the first answer again, error
//! objects. What the adapter sends here is also shown to Stripe's own mock, where that is at hand (`with_endpoint`).

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::Url;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

pub const SECRET_KEY: &str = "sk_test_stub_0123456789";
const VERSION: &str = "2025-03-31.basil";

/// What happens to a request instead of being answered well.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is not done; this is the answer.
    Instead(u16, &'static [(&'static str, &'static str)], String),
    /// It is done; this is the answer.
    DoneBut(u16, &'static [(&'static str, &'static str)], String),
    /// It is done, and the answer comes after this time.
    DoneLate(Duration),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// With the query.
    pub path: String,
    pub body: String,
    pub key: Option<String>,
}

#[derive(Default)]
struct Books {
    intents: BTreeMap<String, Value>,
    /// The newest first.
    refunds: Vec<Value>,
    keys: HashMap<String, (String, u16, Value)>,
    faults: Vec<(&'static str, Fault, usize)>,
    seen: Vec<Seen>,
    /// Whether the search knows what there is.
    searchable: bool,
    ids: u32,
}

pub struct Stub {
    server: MockServer,
    books: Arc<Mutex<Books>>,
}

struct Responder(Arc<Mutex<Books>>);

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stub {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let books = Arc::new(Mutex::new(Books::default()));
        Mock::given(any()).respond_with(Responder(Arc::clone(&books))).mount(&server).await;
        Self { server, books }
    }

    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// The next `times` requests whose method and path begin with `what` fare so.
    pub fn next(&self, what: &'static str, fault: Fault, times: usize) {
        lock(&self.books).faults.push((what, fault, times));
    }

    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.books).seen.clone()
    }

    /// How many requests began so.
    pub fn count(&self, what: &str) -> usize {
        self.seen().iter().filter(|seen| format!("{} {}", seen.method, seen.path).starts_with(what)).count()
    }

    pub fn intents(&self) -> usize {
        lock(&self.books).intents.len()
    }

    pub fn refunds(&self) -> Vec<Value> {
        lock(&self.books).refunds.clone()
    }

    /// A day has passed: no key is known any more, and the payments are not the newest.
    pub fn a_day_later(&self) {
        let mut books = lock(&self.books);
        books.keys.clear();
        books.searchable = true;
        for intent in books.intents.values_mut() {
            intent["created"] = json!(intent["created"].as_i64().unwrap() - 86_400);
        }
    }

    /// Changes a payment as somebody does who is not us.
    pub fn edit(&self, intent_id: &str, change: impl FnOnce(&mut Value)) {
        change(lock(&self.books).intents.get_mut(intent_id).unwrap());
    }

    /// Changes a refund.
    pub fn edit_refund(&self, refund_id: &str, change: impl FnOnce(&mut Value)) {
        let mut books = lock(&self.books);
        change(books.refunds.iter_mut().find(|refund| refund["id"] == refund_id).unwrap());
    }
}

pub fn error(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": message, "doc_url": "https://stripe.com/docs" } })
}

fn invalid(code: Option<&str>, message: &str) -> (u16, Value) {
    (400, error("invalid_request_error", code, message))
}

fn missing(what: &str, id: &str) -> (u16, Value) {
    (404, error("invalid_request_error", Some("resource_missing"), &format!("No such {what}: '{id}'")))
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut books = lock(&self.0);
        let path = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        let (method, body) = (request.method.to_string(), String::from_utf8(request.body.clone()).unwrap());
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let key = header("idempotency-key").map(str::to_owned);
        let line = format!("{method} {path}");
        let fault = books.fault(&line);
        let (status, answer, extra, delay) = if let Some(Fault::Instead(status, headers, text)) = &fault {
            (*status, text.clone(), headers.to_vec(), Duration::ZERO)
        } else {
            let (status, answer, replayed) = books.answer(request, &line, key.as_deref(), &body);
            let replayed: &[_] = if replayed { &[("idempotent-replayed", "true")] } else { &[] };
            match fault {
                Some(Fault::DoneBut(status, headers, text)) => {
                    (status, text, headers.to_vec(), Duration::ZERO)
                }
                Some(Fault::DoneLate(delay)) => (status, answer.to_string(), replayed.to_vec(), delay),
                _ => (status, answer.to_string(), replayed.to_vec(), Duration::ZERO),
            }
        };
        books.seen.push(Seen { method, path, body, key });
        let mut template = ResponseTemplate::new(status)
            .insert_header("request-id", "req_stub")
            .set_body_raw(answer, "application/json")
            .set_delay(delay);
        for (name, value) in extra {
            template = template.insert_header(name, value);
        }
        template
    }
}

type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

fn fields_of(encoded: &str) -> Fields {
    Url::parse(&format!("form:?{encoded}")).unwrap().query_pairs().into_owned().collect()
}

fn metadata(fields: &Fields) -> Value {
    let inner = fields.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix("metadata[")?.strip_suffix(']')?.to_owned(), json!(value)))
    });
    Value::Object(inner.collect())
}

impl Books {
    fn fault(&mut self, line: &str) -> Option<Fault> {
        let (_, fault, left) =
            self.faults.iter_mut().find(|(what, _, left)| line.starts_with(what) && *left > 0)?;
        *left -= 1;
        Some(fault.clone())
    }

    fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}_stub{:08}", self.ids)
    }

    /// Status, body, and whether it is the first answer to the key once more.
    fn answer(&mut self, request: &Request, line: &str, key: Option<&str>, body: &str) -> (u16, Value, bool) {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        if header("authorization") != Some(&format!("Bearer {SECRET_KEY}")) {
            return (
                401,
                error("invalid_request_error", None, "Invalid API Key provided: sk_test_****"),
                false,
            );
        }
        if header("stripe-version") != Some(VERSION) {
            let (status, answer) = invalid(None, "Invalid Stripe API version");
            return (status, answer, false);
        }
        let posted = request.method.as_str() == "POST";
        if posted && header("content-type") != Some("application/x-www-form-urlencoded") {
            let (status, answer) = invalid(None, "Invalid request: the body must be form-encoded");
            return (status, answer, false);
        }
        let used = format!("{line} {body}");
        if let Some((before, status, answer)) = key.and_then(|key| self.keys.get(key)) {
            if *before == used {
                return (*status, answer.clone(), true);
            }
            let message = "Keys for idempotent requests can only be used with the same parameters they were first used with.";
            return (400, error("idempotency_error", None, message), false);
        }
        let segments: Vec<_> = request.url.path().trim_start_matches('/').split('/').collect();
        let query = fields_of(request.url.query().unwrap_or_default());
        let form = fields_of(body);
        let (status, answer) = match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["v1", "payment_intents"]) => self.create(&form),
            ("GET", ["v1", "payment_intents"]) => self.list(&query),
            ("GET", ["v1", "payment_intents", "search"]) => self.search(&query),
            ("GET", ["v1", "payment_intents", id]) => match self.intents.get(*id) {
                Some(intent) => (200, intent.clone()),
                None => missing("payment_intent", id),
            },
            ("POST", ["v1", "payment_intents", id, "cancel"]) => self.cancel(id),
            ("POST", ["v1", "payment_intents", id, "confirm"]) => self.confirm(id, &form),
            ("POST", ["v1", "refunds"]) => self.refund(&form),
            ("GET", ["v1", "refunds"]) => self.list_refunds(&query),
            _ => (404, error("invalid_request_error", None, "Unrecognized request URL")),
        };
        // What does not begin to be done is not kept: parameters that are wrong.
        let begun = status != 400 || answer["error"]["code"] == "payment_intent_unexpected_state";
        if let (Some(key), true) = (key, begun) {
            self.keys.insert(key.to_owned(), (used, status, answer.clone()));
        }
        (status, answer, false)
    }

    fn unknown(fields: &Fields, known: &[&str]) -> Option<(u16, Value)> {
        let other = fields
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()) && !name.starts_with("metadata["))?;
        Some(invalid(Some("parameter_unknown"), &format!("Received unknown parameter: {}", other.0)))
    }

    fn create(&mut self, form: &Fields) -> (u16, Value) {
        let known = ["amount", "currency", "automatic_payment_methods[enabled]"];
        if let Some(refused) = Self::unknown(form, &known) {
            return refused;
        }
        let Some(amount) = field(form, "amount").and_then(|amount| amount.parse::<i64>().ok()) else {
            return invalid(Some("parameter_invalid_integer"), "Invalid integer");
        };
        if amount < 1 {
            let message = "This value must be greater than or equal to 1.";
            return invalid(Some("parameter_invalid_integer"), message);
        }
        let Some(currency) = field(form, "currency").filter(|code| *code == code.to_ascii_lowercase()) else {
            return invalid(Some("parameter_missing"), "Missing required param: currency.");
        };
        let id = self.id("pi");
        let intent = json!({
            "id": id, "object": "payment_intent", "amount": amount, "amount_received": 0, "currency": currency,
            "status": "requires_payment_method", "client_secret": format!("{id}_secret_stub"),
            "created": chrono::Utc::now().timestamp(), "metadata": metadata(form), "last_payment_error": null,
            "livemode": false,
        });
        self.intents.insert(id, intent.clone());
        (200, intent)
    }

    fn list(&self, query: &Fields) -> (u16, Value) {
        if let Some(refused) = Self::unknown(query, &["limit", "created[gte]", "starting_after"]) {
            return refused;
        }
        let since = field(query, "created[gte]").and_then(|since| since.parse().ok()).unwrap_or(0);
        let limit = field(query, "limit").and_then(|limit| limit.parse().ok()).unwrap_or(10_usize);
        let newest =
            self.intents.values().rev().filter(|intent| intent["created"].as_i64().unwrap() >= since);
        let after = field(query, "starting_after");
        let mut rest: Vec<_> = newest.cloned().collect();
        if let Some(after) = after {
            let at = rest.iter().position(|intent| intent["id"] == after).map_or(0, |at| at + 1);
            rest.drain(..at);
        }
        let has_more = rest.len() > limit;
        rest.truncate(limit);
        (200, json!({ "object": "list", "url": "/v1/payment_intents", "has_more": has_more, "data": rest }))
    }

    fn search(&self, query: &Fields) -> (u16, Value) {
        if let Some(refused) = Self::unknown(query, &["limit", "query"]) {
            return refused;
        }
        let text = field(query, "query").unwrap_or_default();
        let wanted = text.strip_prefix("metadata['order_id']:'").and_then(|rest| rest.strip_suffix('\''));
        let Some(wanted) = wanted else { return invalid(None, "We were unable to parse your search query.") };
        let all = self.intents.values().filter(|intent| intent["metadata"]["order_id"] == wanted);
        let found: Vec<_> = if self.searchable { all.cloned().collect() } else { vec![] };
        (200, json!({ "object": "search_result", "has_more": false, "data": found }))
    }

    fn cancel(&mut self, id: &str) -> (u16, Value) {
        let Some(intent) = self.intents.get_mut(id) else { return missing("payment_intent", id) };
        if matches!(intent["status"].as_str().unwrap(), "succeeded" | "canceled" | "processing") {
            let message = format!(
                "You cannot cancel this PaymentIntent because it has a status of {}.",
                intent["status"].as_str().unwrap()
            );
            return invalid(Some("payment_intent_unexpected_state"), &message);
        }
        intent["status"] = json!("canceled");
        (200, intent.clone())
    }

    fn confirm(&mut self, id: &str, form: &Fields) -> (u16, Value) {
        if let Some(refused) = Self::unknown(form, &["payment_method", "return_url"]) {
            return refused;
        }
        let Some(intent) = self.intents.get_mut(id) else { return missing("payment_intent", id) };
        if intent["status"] != "requires_payment_method" {
            return invalid(
                Some("payment_intent_unexpected_state"),
                "This PaymentIntent could not be confirmed.",
            );
        }
        match field(form, "payment_method") {
            Some("pm_card_visa") => {
                intent["status"] = json!("succeeded");
                intent["amount_received"] = intent["amount"].clone();
                intent["last_payment_error"] = Value::Null;
                (200, intent.clone())
            }
            Some("pm_usBankAccount_processing") => {
                intent["status"] = json!("processing");
                (200, intent.clone())
            }
            Some("pm_card_chargeDeclined") => {
                let declined = json!({ "type": "card_error", "code": "card_declined",
                    "decline_code": "generic_decline", "message": "Your card was declined." });
                intent["last_payment_error"] = declined.clone();
                (402, json!({ "error": declined }))
            }
            _ => invalid(Some("resource_missing"), "No such PaymentMethod"),
        }
    }

    fn refund(&mut self, form: &Fields) -> (u16, Value) {
        if let Some(refused) = Self::unknown(form, &["payment_intent", "amount"]) {
            return refused;
        }
        let intent_id = field(form, "payment_intent").unwrap_or_default();
        let Some(intent) = self.intents.get(intent_id).cloned() else {
            return missing("payment_intent", intent_id);
        };
        let received = intent["amount_received"].as_i64().unwrap();
        if intent["status"] != "succeeded" {
            let message = "This PaymentIntent does not have a successful charge to refund.";
            return invalid(Some("payment_intent_unexpected_state"), message);
        }
        let given: i64 = self
            .refunds
            .iter()
            .filter(|refund| refund["payment_intent"] == intent_id && refund["status"] != "failed")
            .map(|refund| refund["amount"].as_i64().unwrap())
            .sum();
        if given == received {
            return invalid(Some("charge_already_refunded"), "Charge has already been refunded.");
        }
        let amount: i64 =
            field(form, "amount").and_then(|amount| amount.parse().ok()).unwrap_or(received - given);
        if given + amount > received {
            return invalid(None, "Refund amount is greater than unrefunded amount on charge");
        }
        let refund = json!({
            "id": self.id("re"), "object": "refund", "amount": amount, "currency": intent["currency"],
            "payment_intent": intent_id, "status": "succeeded", "metadata": metadata(form), "failure_reason": null,
        });
        self.refunds.insert(0, refund.clone());
        (200, refund)
    }

    fn list_refunds(&self, query: &Fields) -> (u16, Value) {
        if let Some(refused) = Self::unknown(query, &["limit", "payment_intent"]) {
            return refused;
        }
        let intent_id = field(query, "payment_intent").unwrap_or_default();
        if !self.intents.contains_key(intent_id) {
            return missing("payment_intent", intent_id);
        }
        let found: Vec<_> =
            self.refunds.iter().filter(|refund| refund["payment_intent"] == intent_id).cloned().collect();
        (200, json!({ "object": "list", "url": "/v1/refunds", "has_more": false, "data": found }))
    }
}
