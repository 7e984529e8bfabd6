//! A library that lends books, on the log alone: append, a conflict, load, follow.
//!
//! `cargo run --release -p agrodeep-event-store --example library`: on a private PostgreSQL of its own, or on the database
//! that DATABASE_URL names.

use std::{collections::BTreeMap, error::Error, sync::Arc};

use agrodeep_event_store::{
    Append, AppendOutcome, Follower, Metadata, NewEvent, Position, SharedLog, StreamId,
    postgres::{
        LogLimits, PostgresLog,
        embedded::{EmbeddedPostgres, EmbeddedSettings},
        migrate,
    },
};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use uuid::Uuid;

#[derive(Debug, Deserialize, Serialize)]
enum BookEvent {
    Bought { title: String },
    Lent { to: String },
    Returned,
}

/// One command: what has happened to a book that the clerk saw at `expected_version`.
fn append(book: &StreamId, expected_version: u64, clerk: &str, event: &BookEvent) -> Append {
    let command_id = Uuid::now_v7();
    let event_type = match event {
        BookEvent::Bought { .. } => "BookBought",
        BookEvent::Lent { .. } => "BookLent",
        BookEvent::Returned => "BookReturned",
    };
    let payload = to_raw_value(event).expect("an event is JSON");
    let metadata = Metadata {
        actor: format!("clerk:{clerk}"),
        correlation_id: command_id,
        causation_id: command_id,
        traceparent: None,
        occurred_at: Utc::now(),
        other: BTreeMap::new(),
    };
    let events = vec![NewEvent { event_type: event_type.into(), event_version: "1".into(), payload }];
    Append { stream: book.clone(), expected_version, command_id, events, metadata }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("library-{}", std::process::id()));
    let mut server = None;
    let url = match std::env::var("DATABASE_URL") {
        Ok(url) => url,
        Err(_) => server.insert(EmbeddedPostgres::start(&EmbeddedSettings::new(&folder))?).url_of("postgres"),
    };
    migrate(&url).await?;
    let log: SharedLog = Arc::new(PostgresLog::open(&url, LogLimits::default()).await?);
    let start = log.head().await?;

    // A new book, lent by two clerks at the same moment: both have seen version 1, and one of them is told so.
    let book = StreamId::new("book", format!("978-2-07-036002-4/{}", Uuid::now_v7()));
    log.append(append(&book, 0, "Ana", &BookEvent::Bought { title: "L'Étranger".to_owned() })).await?;
    let (to_rosa, to_paul) = tokio::join!(
        log.append(append(&book, 1, "Ana", &BookEvent::Lent { to: "Rosa".to_owned() })),
        log.append(append(&book, 1, "Ben", &BookEvent::Lent { to: "Paul".to_owned() })),
    );
    for (who, verdict) in [("Rosa", to_rosa?), ("Paul", to_paul?)] {
        match verdict {
            AppendOutcome::Appended(at) => println!("lent to {who}, the log's event {}", at.position),
            AppendOutcome::Conflict { actual_version } => {
                println!("not lent to {who}: the book is at version {actual_version} by now");
            }
            AppendOutcome::AlreadyDone => println!("lent to {who} before: the same command came twice"),
        }
    }
    log.append(append(&book, 2, "Ana", &BookEvent::Returned)).await?;

    println!("what happened to this book:");
    for event in log.load(&book, 0).await? {
        let what: BookEvent = serde_json::from_str(event.payload.get())?;
        println!("  {} {what:?}, by {}", event.version, event.metadata.actor);
    }
    println!("what a reader of the whole log sees:");
    let mut follower = Follower::new(log, start.max(Position::START), 100);
    for event in follower.next().await? {
        println!("  {} {} {}", event.position, event.stream, event.event_type);
    }
    if let Some(mut server) = server {
        server.stop();
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}
