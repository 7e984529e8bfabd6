//! The SQL function `append_events`, called without the writer in front of it.

use agrodeep_event_store::{Append, AppendOutcome, Appended, Position};
use sqlx::{PgPool, Row};
use uuid::Uuid;

/// Appends `batch` by one statement; the verdicts as the function's rows say them.
pub async fn append_events(pool: &PgPool, batch: &[Append]) -> Result<Vec<AppendOutcome>, sqlx::Error> {
    let events: Vec<_> = batch
        .iter()
        .enumerate()
        .flat_map(|(item, append)| (0..append.events.len()).map(move |index| (item, append, index)))
        .collect();
    macro_rules! column {
        ($of:expr) => {
            events.iter().map($of).collect::<Vec<_>>()
        };
    }
    let rows = sqlx::query(
        "select item, outcome, at, version \
         from append_events($1, $2, $3, $4, $5, $6, $7::text[]::json[], $8::text[]::json[], $9, $10)",
    )
    .bind(column!(|(item, ..)| *item as i32))
    .bind(column!(|(_, append, _)| append.stream.aggregate_type.to_string()))
    .bind(column!(|(_, append, _)| append.stream.aggregate_id.to_string()))
    .bind(column!(|(_, append, index)| append.expected_version as i64 + 1 + *index as i64))
    .bind(column!(|(_, append, index)| append.events[*index].event_type.to_string()))
    .bind(column!(|(_, append, index)| append.events[*index].event_version.to_string()))
    .bind(column!(|(_, append, index)| append.events[*index].payload.get().to_owned()))
    .bind(column!(|(_, append, _)| serde_json::to_string(&append.metadata).expect("metadata")))
    .bind(column!(|(_, append, index)| Uuid::from_u128(append.command_id.as_u128() ^ *index as u128)))
    .bind(column!(|(_, append, _)| append.command_id))
    .fetch_all(pool)
    .await?;

    if let [row] = &rows[..]
        && row.get::<i32, _>("item") == -1
    {
        let mut position: i64 = row.get("at");
        return Ok(batch
            .iter()
            .map(|append| {
                position += append.events.len() as i64;
                AppendOutcome::Appended(Appended {
                    position: Position(position),
                    version: append.expected_version + append.events.len() as u64,
                })
            })
            .collect());
    }
    let items: Vec<i32> = rows.iter().map(|row| row.get("item")).collect();
    assert_eq!(items, (0..batch.len() as i32).collect::<Vec<_>>(), "one row a command, in order");
    Ok(rows
        .iter()
        .map(|row| match row.get::<&str, _>("outcome") {
            "appended" => AppendOutcome::Appended(Appended {
                position: Position(row.get("at")),
                version: row.get::<i64, _>("version") as u64,
            }),
            "already_done" => AppendOutcome::AlreadyDone,
            "conflict" => AppendOutcome::Conflict { actual_version: row.get::<i64, _>("version") as u64 },
            other => panic!("no verdict: {other}"),
        })
        .collect())
}
