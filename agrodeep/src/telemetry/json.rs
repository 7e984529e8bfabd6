//! One JSON object a line: `timestamp, level, message, trace_id, span_id, user_id`, then what else is known.
//!
//! Personal data must not come here. Fields with the names of [`NEVER`] are dropped, should one slip in.

use std::{
    fmt,
    io::{self, Write},
};

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Never logged, whoever writes it.
const NEVER: [&str; 12] = [
    "email",
    "password",
    "first_name",
    "last_name",
    "phone",
    "address",
    "street",
    "token",
    "access_token",
    "refresh_token",
    "client_secret",
    "authorization",
];

/// Writes events as lines of JSON.
pub struct JsonLines<W> {
    writer: W,
}

impl<W> JsonLines<W> {
    /// `writer` gives where a line is written to, for each line anew.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

/// A span's fields.
struct Fields(Map<String, Value>);

impl<S, W, O> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Map::new();
            attributes.record(&mut Collect(&mut fields));
            span.extensions_mut().insert(Fields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(Fields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Collect(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true).into());
        line.insert("level".to_owned(), metadata.level().as_str().to_ascii_lowercase().into());
        line.insert("target".to_owned(), metadata.target().into());
        for span in
            context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(Fields(fields)) = span.extensions().get() {
                line.extend(fields.clone());
            }
        }
        event.record(&mut Collect(&mut line));
        let mut bytes = Value::Object(line).to_string().into_bytes();
        bytes.push(b'\n');
        // A log that cannot be written must not stop the work.
        let _: io::Result<()> = (self.writer)().write_all(&bytes);
    }
}

struct Collect<'a>(&'a mut Map<String, Value>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        if !NEVER.contains(&field.name()) {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }
}

impl Visit for Collect<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(what: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::registry().with(JsonLines::new(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, what);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_carries_the_trace_the_span_and_the_user_of_its_request() {
        let lines = logged(|| {
            let request = tracing::info_span!(
                "request",
                trace_id = "4bf9",
                span_id = "00f0",
                user_id = tracing::field::Empty
            );
            let _entered = request.enter();
            request.record("user_id", "usr_1");
            tracing::warn!(attempt = 3, "trying \"again\"\nsoon");
        });
        let [line] = lines.as_slice() else { panic!("one line: {lines:?}") };
        assert_eq!(line["level"], "warn");
        assert_eq!(line["message"], "trying \"again\"\nsoon");
        assert_eq!(line["trace_id"], "4bf9");
        assert_eq!(line["span_id"], "00f0");
        assert_eq!(line["user_id"], "usr_1");
        assert_eq!(line["attempt"], 3);
    }

    #[test]
    fn a_field_that_holds_personal_data_is_dropped() {
        let lines = logged(|| tracing::info!(email = "jane@example.org", order_id = "ord_1", "signed in"));
        assert!(lines[0].get("email").is_none(), "{}", lines[0]);
        assert_eq!(lines[0]["order_id"], "ord_1");
    }
}
