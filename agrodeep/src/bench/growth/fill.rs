//! A long log in a short time: rows like ours, written by the server itself.

use agrodeep_event_store::Metadata;
use anyhow::Context;
use chrono::Utc;
use indicatif::ProgressBar;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::bench::note::{LineAdded, NoteEvent, line};

/// Writers whose streams lie side by side, as when so many append at the same time.
const SIDE_BY_SIDE: u64 = 64;

/// How many events each stream has.
pub const EVENTS_PER_STREAM: u64 = 10;

/// How many events one statement writes.
const CHUNK: u64 = 200_000;

/// The first stream's moment, in milliseconds: all ids are older than any new one.
const BEGAN: u64 = 1_600_000_000_000;

/// Scatters the last digits of an id, and is its own in SQL and here.
const SCATTER: u64 = 2_654_435_761;
const DIGITS: u64 = 1 << 48;

/// What is in the log.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
    /// How many streams have all their events.
    pub streams: u64,
}

/// The id of the how manyth stream, from 0.
pub fn stream_id(number: u64) -> Uuid {
    let time = u128::from(BEGAN + number) << 80;
    let tail = u128::from((number * SCATTER) % DIGITS);
    Uuid::from_u128(time | 0x7000_8000 << 48 | tail)
}

/// Numbers streams and their events as if `SIDE_BY_SIDE` writers had taken turns; ids as [`stream_id`] makes them.
fn statement() -> String {
    let block = SIDE_BY_SIDE * EVENTS_PER_STREAM;
    format!(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, position,
                             event_id, command_id, recorded_at)
         select 'note',
                substr(time, 1, 8) || '-' || substr(time, 9, 4) || '-7000-8000-'
                    || lpad(to_hex((stream * {SCATTER}) % {DIGITS}), 12, '0'),
                number, 'LineAdded', '1', ($3 || number || $4)::json, $5::json, position, id, id,
                timestamptz '2020-09-13' + position * interval '1 millisecond'
         from generate_series($1::bigint, $2::bigint) as position,
              lateral (select (position - 1) / {block} * {SIDE_BY_SIDE} + (position - 1) % {SIDE_BY_SIDE} as stream,
                              (position - 1) / {SIDE_BY_SIDE} % {EVENTS_PER_STREAM} + 1 as number) as place,
              lateral (select lpad(to_hex({BEGAN} + stream), 12, '0') as time,
                              (lpad(to_hex({BEGAN} + position), 12, '0') || '70008000'
                                  || lpad(to_hex((position * {SCATTER}) % {DIGITS}), 12, '0'))::uuid as id) as made
         order by position"
    )
}

/// Writes `events` into the empty log at `url`.
pub async fn fill(url: &str, events: u64) -> anyhow::Result<Filled> {
    let mut connection = PgConnection::connect(url).await?;
    let (before, after) = payload_around_the_number()?;
    let cause = Uuid::now_v7();
    let metadata = serde_json::to_string(&Metadata {
        actor: "system:bench".to_owned(),
        correlation_id: cause,
        causation_id: cause,
        traceparent: None,
        occurred_at: Utc::now(),
        other: std::collections::BTreeMap::new(),
    })?;
    let statement = statement();
    let progress = ProgressBar::new(events);
    let mut first = 1;
    while first <= events {
        let last = (first + CHUNK - 1).min(events);
        sqlx::query(&statement)
            .bind(first as i64)
            .bind(last as i64)
            .bind(&before)
            .bind(&after)
            .bind(&metadata)
            .execute(&mut connection)
            .await
            .context("filling the log")?;
        progress.set_position(last);
        first = last + 1;
    }
    sqlx::query("update log_head set position = $1").bind(events as i64).execute(&mut connection).await?;
    // What autovacuum would have done on the way.
    for statement in ["vacuum (analyze) events", "vacuum log_head", "checkpoint"] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    progress.finish_and_clear();
    Ok(Filled { streams: events / (SIDE_BY_SIDE * EVENTS_PER_STREAM) * SIDE_BY_SIDE })
}

/// An event's payload as ours writes it, with a gap where its number is.
fn payload_around_the_number() -> anyhow::Result<(String, String)> {
    const NUMBER: u64 = 424_242;
    let event: NoteEvent = LineAdded { number: NUMBER, text: line().text }.into();
    let text = serde_json::to_string(&event)?;
    let (before, after) = text.split_once(&NUMBER.to_string()).context("an event without its number")?;
    Ok((before.to_owned(), after.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_in_order() {
        let ids: Vec<Uuid> = [0, 1, 1_000_000, 100_000_000].map(stream_id).into();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        assert_eq!(ids[0].to_string(), "0174876e-8000-7000-8000-000000000000");
        assert!(*ids.last().expect("ids") < Uuid::now_v7());
    }

    #[test]
    fn a_payload_is_an_event_with_its_number_put_in() {
        let (before, after) = payload_around_the_number().expect("a payload");
        let event: NoteEvent = serde_json::from_str(&format!("{before}7{after}")).expect("an event");
        let NoteEvent::LineAdded(event) = event;
        assert_eq!((event.number, event.text), (7, line().text));
    }
}
