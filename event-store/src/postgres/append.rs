//! One batch of appends as one statement, and what the server says of it.

use tokio_postgres::{
    Row,
    error::Severity,
    types::{IsNull, ToSql, Type, to_sql_checked},
};
use uuid::Uuid;

use super::{
    seen::SeenVersions,
    session::{Session, describe},
};
use crate::{Append, AppendOutcome, Appended, event::event_id};

/// What became of a batch.
pub(super) enum Verdict {
    /// Every append has its own.
    Each(Vec<AppendOutcome>),
    /// The server did nothing, and would do nothing again: something in the batch is not acceptable.
    Unacceptable(String),
    /// The server did nothing, for now.
    NotNow(String),
    /// Nobody knows: the connection ended before the server said that it had committed.
    Lost(String),
}

impl Verdict {
    /// Of `count` appends, each has its own; or it is not known what the server did.
    fn complete(self, count: usize) -> Self {
        match self {
            Self::Each(outcomes) if outcomes.len() != count => {
                Self::Lost(format!("the server gave {} verdicts on {count} commands", outcomes.len()))
            }
            verdict => verdict,
        }
    }
}

/// JSON text on its way to the server.
#[derive(Debug)]
pub(super) struct JsonText<'a>(pub &'a str);

impl ToSql for JsonText<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }

    to_sql_checked!();
}

/// Which events of `batch`, counted from 1, build on a version that neither the event before them nor the log, as far as this
/// process has seen it, is known to have.
fn unseen(batch: &[&Append], seen: &SeenVersions, era: u64) -> Vec<i32> {
    let mut number = 1;
    let mut before: Option<&Append> = None;
    let doubtful = batch.iter().filter_map(|append| {
        let first = number;
        number += append.events.len() as i32;
        let follows_on = before.replace(append).is_some_and(|before| {
            before.stream == append.stream
                && before.expected_version + before.events.len() as u64 == append.expected_version
        });
        (append.expected_version > 0 && !follows_on).then_some((
            first,
            &append.stream,
            append.expected_version,
        ))
    });
    seen.unseen(era, doubtful)
}

/// Appends all of `batch`, each with its own verdict. What was `seen` up to the `era` need not be looked for.
pub(super) async fn append(session: &Session, batch: &[&Append], seen: &SeenVersions, era: u64) -> Verdict {
    let checked = unseen(batch, seen, era);
    let events = batch.iter().map(|append| append.events.len()).sum();
    let mut items: Vec<i32> = Vec::with_capacity(events);
    let mut aggregate_types: Vec<&str> = Vec::with_capacity(events);
    let mut aggregate_ids: Vec<&str> = Vec::with_capacity(events);
    let mut sequences: Vec<i64> = Vec::with_capacity(events);
    let mut event_types: Vec<&str> = Vec::with_capacity(events);
    let mut event_versions: Vec<&str> = Vec::with_capacity(events);
    let mut payloads: Vec<JsonText> = Vec::with_capacity(events);
    let mut metadatas: Vec<JsonText> = Vec::with_capacity(events);
    let mut event_ids: Vec<Uuid> = Vec::with_capacity(events);
    let mut command_ids: Vec<Uuid> = Vec::with_capacity(events);

    let ids: Vec<String> = batch.iter().map(|append| append.stream.aggregate_id.to_string()).collect();
    let mut metadata_texts = Vec::with_capacity(batch.len());
    for append in batch {
        match serde_json::to_string(&append.metadata) {
            Ok(text) => metadata_texts.push(text),
            Err(error) => return Verdict::Unacceptable(format!("the metadata: {error}")),
        }
    }
    for (item, append) in batch.iter().enumerate() {
        for (index, event) in append.events.iter().enumerate() {
            items.push(item as i32);
            aggregate_types.push(&append.stream.aggregate_type);
            aggregate_ids.push(&ids[item]);
            sequences.push((append.expected_version + 1) as i64 + index as i64);
            event_types.push(&event.event_type);
            event_versions.push(&event.event_version);
            payloads.push(JsonText(event.payload.get()));
            metadatas.push(JsonText(&metadata_texts[item]));
            event_ids.push(event_id(append.command_id, index));
            command_ids.push(append.command_id);
        }
    }
    let parameters: [&(dyn ToSql + Sync); 11] = [
        &items,
        &aggregate_types,
        &aggregate_ids,
        &sequences,
        &event_types,
        &event_versions,
        &payloads,
        &metadatas,
        &event_ids,
        &command_ids,
        &checked,
    ];
    // `query` gathers the rows until ReadyForQuery, that is until the server has committed: rows alone promise nothing.
    match session.client.query(&session.append, &parameters).await {
        Ok(rows) => each(batch, &rows).complete(batch.len()),
        Err(error) => failure(&error),
    }
}

fn each(batch: &[&Append], rows: &[Row]) -> Verdict {
    if let [row] = rows
        && row.get::<_, i32>(0) == -1
    {
        let mut position: i64 = row.get(2);
        let appended = batch.iter().map(|append| {
            let events = append.events.len();
            position += events as i64;
            AppendOutcome::Appended(Appended {
                position: crate::Position(position),
                version: append.expected_version + events as u64,
            })
        });
        return Verdict::Each(appended.collect());
    }
    let outcomes = rows.iter().map(|row| match row.get::<_, &str>(1) {
        "appended" => AppendOutcome::Appended(Appended {
            position: crate::Position(row.get(2)),
            version: row.get::<_, i64>(3) as u64,
        }),
        "already_done" => AppendOutcome::AlreadyDone,
        _ => AppendOutcome::Conflict { actual_version: row.get::<_, i64>(3) as u64 },
    });
    Verdict::Each(outcomes.collect())
}

fn failure(error: &tokio_postgres::Error) -> Verdict {
    let text = describe(error);
    let Some(db) = error.as_db_error() else {
        return if error.is_closed()
            || std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        {
            Verdict::Lost(text)
        } else {
            // Parameters that cannot be sent never reached the server.
            Verdict::Unacceptable(text)
        };
    };
    // A connection that ends, or a server that goes down, may do so while it commits: then only asking again tells.
    if !matches!(db.parsed_severity(), None | Some(Severity::Error)) {
        return Verdict::Lost(text);
    }
    match &db.code().code()[..2] {
        // Data that the server does not take (22), a check that does not hold (23), a limit of the server (54).
        "22" | "23" | "54" => Verdict::Unacceptable(text),
        _ => Verdict::NotNow(text),
    }
}
