//! What appends leave behind: dead versions of the row that holds the head, and the size of tables and indexes.

use std::{sync::Arc, time::Duration};

use indicatif::ProgressBar;
use sqlx::{Connection, PgConnection};

use super::WRITERS;
use crate::bench::{
    database::BenchServer,
    outcome::Outcome,
    spread::Spread,
    subjects::ours::Ours,
    workload::{Subject, drive},
};

const NAME: &str = "bench_bloat";

/// How long it is appended between two looks.
const SLICE: Duration = Duration::from_secs(1);

const KIB: f64 = 1024.0;

#[derive(sqlx::FromRow)]
struct Sizes {
    head: i64,
    head_dead: i64,
    head_vacuums: i64,
    events: i64,
    indexes: i64,
}

async fn sizes(connection: &mut PgConnection) -> sqlx::Result<Sizes> {
    sqlx::query_as(
        "select pg_relation_size('log_head') as head, n_dead_tup as head_dead, autovacuum_count as head_vacuums, \
                pg_table_size('events') as events, pg_indexes_size('events') as indexes \
         from pg_stat_user_tables where relname = 'log_head' and schemaname = 'public'",
    )
    .fetch_one(connection)
    .await
}

/// Appends about so many events, looks at the tables before, meanwhile and after, and adds what it saw to the facts.
pub async fn measure(server: &BenchServer, appends: u64, outcome: &mut Outcome) -> anyhow::Result<()> {
    let database = server.database(NAME).await?;
    let ours: Arc<dyn Subject> = Arc::new(Ours::open(&database.url).await?);
    let mut connection = PgConnection::connect(&database.url).await?;
    let before = sizes(&mut connection).await?;
    let (mut appended, mut largest, mut deadest) = (0, before.head, before.head_dead);
    let mut rates = Vec::new();
    let progress = ProgressBar::new(appends);
    while appended < appends {
        let (latencies, elapsed) = drive(&ours, &[], WRITERS, SLICE).await?;
        appended += latencies.count() as u64;
        rates.push(latencies.count() as f64 / elapsed.as_secs_f64());
        let now = sizes(&mut connection).await?;
        largest = largest.max(now.head);
        deadest = deadest.max(now.head_dead);
        progress.set_position(appended.min(appends));
    }
    progress.finish_and_clear();
    drop(ours);
    // The server counts dead rows once a connection is idle for a moment.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let after = sizes(&mut connection).await?;
    connection.close().await?;
    server.drop_database(NAME).await?;

    let (first, last) = first_and_last_tenth(&rates);
    outcome.fact("events appended, one command each", appended as f64, "");
    outcome.fact("commands a second, in the first tenth of that time", first, "");
    outcome.fact("commands a second, in the last tenth", last, "");
    outcome.fact("log_head, before", before.head as f64 / KIB, " KiB");
    outcome.fact("log_head, the most seen meanwhile", largest.max(after.head) as f64 / KIB, " KiB");
    outcome.fact("log_head, after", after.head as f64 / KIB, " KiB");
    outcome.fact("log_head, the most dead rows seen", deadest.max(after.head_dead) as f64, "");
    outcome.fact("log_head, dead rows after", after.head_dead as f64, "");
    outcome.fact(
        "log_head, times vacuumed by the server",
        (after.head_vacuums - before.head_vacuums) as f64,
        "",
    );
    outcome.fact("events, bytes an event", (after.events - before.events) as f64 / appended as f64, "");
    outcome.fact(
        "indexes of events, bytes an event",
        (after.indexes - before.indexes) as f64 / appended as f64,
        "",
    );
    Ok(())
}

/// Medians of the first and the last tenth, at least one each.
fn first_and_last_tenth(rates: &[f64]) -> (f64, f64) {
    let tenth = rates.len().div_ceil(10);
    let median = |rates: &[f64]| Spread::of(rates.iter().copied()).median;
    (median(&rates[..tenth]), median(&rates[rates.len() - tenth..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_are_of_both_ends() {
        let rates: Vec<f64> = (1..=30).map(f64::from).collect();
        assert_eq!(first_and_last_tenth(&rates), (2.0, 29.0));
        assert_eq!(first_and_last_tenth(&[7.0]), (7.0, 7.0));
        assert_eq!(first_and_last_tenth(&[]), (0.0, 0.0));
    }
}
