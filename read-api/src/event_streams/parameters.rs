//! Which events are wanted: the parameters of the routes that stream events.

use std::collections::BTreeSet;

use agrodeep_domain::{AccountId, DeliveryId, OrderId, ProductId};
use agrodeep_event_store::{Direction, EventFilter, Position, Selection, StreamId};
use agrodeep_http::{FieldError, Problem, query::invalid};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{EventStreams, accept::EventForm};

/// The most events of a page.
const PAGE_MAX: u64 = 500;

/// How many events a page has when nothing else is asked for.
const PAGE_DEFAULT: u64 = 100;

/// The header with which a client goes on with Server-Sent Events.
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

/// Which events of the log.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParameters {
    /// Only events after this position.
    pub after: Option<i64>,
    /// Only events before this position.
    pub before: Option<i64>,
    /// `forwards` (as it happened) or `backwards`.
    #[param(inline)]
    pub direction: Option<DirectionParameter>,
    /// Only these events: names, with commas between, for example `OrderPlaced,OrderCancelled`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub event_type: Option<String>,
    /// Only events of these kinds of aggregates, with commas between, for example `order,delivery`.
    pub aggregate_type: Option<String>,
    /// Only events of this aggregate: `ord_…`, `prod_…`, `dlv_…`, `usr_…`; with `aggregate_type` also a UUID.
    pub aggregate_id: Option<String>,
    /// Only what followed from one request.
    pub correlation_id: Option<Uuid>,
    /// Only what happened at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what happened before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only what the log took at this time or later. Finds its place at once, however long the log is.
    pub recorded_since: Option<DateTime<Utc>>,
    /// Only what the log took before this time.
    pub recorded_until: Option<DateTime<Utc>>,
    /// The most events: of a page at most 500, 100 by default; of other forms as many as there are.
    pub limit: Option<u64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which events of one stream.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamParameters {
    /// Only events after this position.
    pub after: Option<i64>,
    /// Only events before this position.
    pub before: Option<i64>,
    /// `forwards` (as it happened) or `backwards`.
    #[param(inline)]
    pub direction: Option<DirectionParameter>,
    /// Only these events: names, with commas between.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub event_type: Option<String>,
    /// Only what followed from one request.
    pub correlation_id: Option<Uuid>,
    /// Only what happened at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what happened before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only what the log took at this time or later.
    pub recorded_since: Option<DateTime<Utc>>,
    /// Only what the log took before this time.
    pub recorded_until: Option<DateTime<Utc>>,
    /// The most events: of a page at most 500, 100 by default; of other forms as many as there are.
    pub limit: Option<u64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl From<StreamParameters> for EventParameters {
    fn from(parameters: StreamParameters) -> Self {
        let StreamParameters {
            after,
            before,
            direction,
            event_type,
            correlation_id,
            since,
            until,
            recorded_since,
            recorded_until,
            limit,
            cursor,
        } = parameters;
        Self {
            after,
            before,
            direction,
            event_type,
            aggregate_type: None,
            aggregate_id: None,
            correlation_id,
            since,
            until,
            recorded_since,
            recorded_until,
            limit,
            cursor,
        }
    }
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectionParameter {
    /// As it happened.
    Forwards,
    /// The last first.
    Backwards,
}

/// What is wanted, and how much of it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which events.
    pub selection: Selection,
    /// At the most so many.
    pub limit: Option<u64>,
}

impl EventParameters {
    /// What is wanted in this form, of a log that has come to `head`.
    ///
    /// # Errors
    /// 400, naming the parameter or header that cannot be.
    pub fn parse(
        self,
        streams: &EventStreams,
        form: EventForm,
        headers: &HeaderMap,
        head: Position,
    ) -> Result<Wanted, Problem> {
        let direction = match self.direction {
            None | Some(DirectionParameter::Forwards) => Direction::Forwards,
            Some(DirectionParameter::Backwards) => Direction::Backwards,
        };
        if form == EventForm::Sse {
            self.refuse_what_never_ends(direction)?;
        }
        let limit = limit(self.limit, form)?;
        let mut after = place("after", self.after, head)?.unwrap_or(Position::START);
        let mut before = self.before.map(|before| at_least_zero("before", before)).transpose()?;
        if let Some(before) = before
            && before <= after
        {
            return Err(invalid("before", format!("must be more than `after`, which is {after}")));
        }
        for (since, until, name) in
            [(self.since, self.until, "until"), (self.recorded_since, self.recorded_until, "recorded_until")]
        {
            if let (Some(since), Some(until)) = (since, until)
                && since >= until
            {
                return Err(invalid(name, format!("must be later than {}", since.to_rfc3339())));
            }
        }
        if let Some(cursor) = &self.cursor {
            let cursor = digits(cursor).filter(|cursor| *cursor <= head.0 + 1);
            let cursor = cursor.ok_or_else(|| invalid("cursor", "must be a next_cursor as it came"))?;
            match direction {
                Direction::Forwards => after = after.max(Position(cursor)),
                Direction::Backwards => {
                    before = Some(before.map_or(Position(cursor), |before| before.min(Position(cursor))));
                }
            }
        }
        if let (EventForm::Sse, Some(last)) = (form, last_event_id(headers, head)?) {
            after = last;
        }
        if direction == Direction::Backwards {
            before = before.or(Some(Position(head.0 + 1)));
        }
        let filter = EventFilter {
            stream: self.stream()?,
            aggregate_types: names(
                "aggregate_type",
                self.aggregate_type.as_deref(),
                streams.aggregate_types(),
            )?,
            event_types: names("type", self.event_type.as_deref(), streams.event_types())?,
            correlation_id: self.correlation_id,
            occurred_since: self.since,
            occurred_until: self.until,
            recorded_since: self.recorded_since,
            recorded_until: self.recorded_until,
        };
        Ok(Wanted { selection: Selection { after, before, direction, filter }, limit })
    }

    fn refuse_what_never_ends(&self, direction: Direction) -> Result<(), Problem> {
        let refused = [
            ("direction", direction == Direction::Backwards),
            ("before", self.before.is_some()),
            ("limit", self.limit.is_some()),
        ];
        match refused.into_iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) => Err(invalid(name, "is not for text/event-stream, which goes on without end")),
            None => Ok(()),
        }
    }

    /// The one stream that `aggregate_id` means.
    fn stream(&self) -> Result<Option<StreamId>, Problem> {
        let Some(id) = &self.aggregate_id else { return Ok(None) };
        let kind = self.aggregate_type.as_deref();
        if kind.is_some_and(|kinds| kinds.contains(',')) {
            return Err(invalid("aggregate_type", "must be one, where there is an aggregate_id"));
        }
        let parsed = parse_subject(id);
        match (parsed, kind) {
            (Some((own, uuid)), kind) => Ok(Some(StreamId::new(kind.unwrap_or(own), uuid))),
            (None, Some(kind)) if !id.is_empty() && !kind.is_empty() => {
                Ok(Some(StreamId::new(kind, id.as_str())))
            }
            _ => Err(invalid("aggregate_id", "must be an id as `ord_…`, `prod_…`, `dlv_…` or `usr_…`")),
        }
    }
}

/// The aggregate that an id as clients know it names.
fn parse_subject(id: &str) -> Option<(&'static str, Uuid)> {
    let order = id.parse().map(|id: OrderId| ("order", id.uuid()));
    let product = id.parse().map(|id: ProductId| ("product", id.uuid()));
    let delivery = id.parse().map(|id: DeliveryId| ("delivery", id.uuid()));
    let account = id.parse().map(|id: AccountId| ("account", id.uuid()));
    order.or(product).or(delivery).or(account).ok()
}

/// The stream that a path names: `order-<uuid>`, or an id as clients know it.
///
/// # Errors
/// 404: there is none of that name.
pub fn parse_stream(name: &str) -> Result<StreamId, Problem> {
    if let Some((aggregate_type, uuid)) = parse_subject(name) {
        return Ok(StreamId::new(aggregate_type, uuid));
    }
    name.parse().map_err(|error| Problem::not_found(format!("there is no such stream: {error}")))
}

fn limit(limit: Option<u64>, form: EventForm) -> Result<Option<u64>, Problem> {
    let (most, default) = match form {
        EventForm::Page | EventForm::CloudEvents => (PAGE_MAX, Some(PAGE_DEFAULT)),
        EventForm::CloudEvent => (1, Some(1)),
        EventForm::Ndjson | EventForm::Sse | EventForm::Parquet => (i64::MAX as u64, None),
    };
    let limit = limit.or(default);
    match limit {
        Some(limit) if !(1..=most).contains(&limit) => {
            let detail = match form {
                EventForm::CloudEvent => "must be 1: application/cloudevents-batch+json has more".to_owned(),
                EventForm::Page | EventForm::CloudEvents => format!("must be between 1 and {most}"),
                _ => "must be at least 1".to_owned(),
            };
            Err(invalid("limit", detail))
        }
        limit => Ok(limit),
    }
}

fn at_least_zero(name: &str, position: i64) -> Result<Position, Problem> {
    if position < 0 {
        return Err(invalid(name, "must be a position, 0 or more"));
    }
    Ok(Position(position))
}

/// A position that the log has come to.
fn place(name: &str, position: Option<i64>, head: Position) -> Result<Option<Position>, Problem> {
    let Some(position) = position else { return Ok(None) };
    let position = at_least_zero(name, position)?;
    if position > head {
        return Err(invalid(name, format!("is beyond the log's last position, which is {head}")));
    }
    Ok(Some(position))
}

fn last_event_id(headers: &HeaderMap, head: Position) -> Result<Option<Position>, Problem> {
    let wrong = |detail: String| {
        Err(Problem::bad_request("invalid_header", format!("{LAST_EVENT_ID} {detail}"))
            .with_errors(vec![FieldError::header(LAST_EVENT_ID, detail)]))
    };
    let mut values = headers.get_all(LAST_EVENT_ID).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match value.to_str().ok().and_then(digits) {
        None => wrong("must be an id as it came with a message".to_owned()),
        Some(_) if values.next().is_some() => wrong("is there more than once".to_owned()),
        Some(position) if position > head.0 => {
            wrong(format!("was never given: the log's last position is {head}"))
        }
        Some(position) => Ok(Some(Position(position))),
    }
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Names with commas between, all of which must be known.
fn names(parameter: &str, text: Option<&str>, known: &BTreeSet<String>) -> Result<Vec<String>, Problem> {
    let Some(text) = text else { return Ok(vec![]) };
    let names: BTreeSet<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    match names.iter().find(|name| !known.contains(*name)) {
        Some(_) => {
            let known = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            Err(invalid(parameter, format!("must be of {known}")))
        }
        None => Ok(names.into_iter().collect()),
    }
}
