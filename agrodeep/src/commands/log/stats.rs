use agrodeep_event_store::{
    integrity::{LogStats, stats},
    postgres::{StoreFigures, figures},
};
use anyhow::Result;
use clap::Args;
use indicatif::BinaryBytes;
use secrecy::SecretString;
use serde::Serialize;

use super::{
    OpenLog,
    progress::{Progress, grouped, total},
};
use crate::{
    settings::Settings,
    terminal::{say, say_table},
};

/// Count what is in the log: by type, by day, the longest streams; on Postgres also the room it takes
///
/// Works beside a running `up`, and on its own.
#[derive(Args, Debug)]
pub struct Stats {
    /// Which log [default: the configured one]
    #[arg(long, value_name = "URL")]
    url: Option<SecretString>,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Everything that is told, for machines.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    stats: &'a LogStats,
    #[serde(skip_serializing_if = "Option::is_none")]
    postgres: Option<&'a StoreFigures>,
}

/// Of more days than these only the last are shown.
const DAYS_SHOWN: usize = 14;

impl Stats {
    pub(super) async fn run(self, settings: &Settings) -> Result<()> {
        let Self { url, json } = self;
        let open = OpenLog::open(url, settings).await?;
        let bar = Progress::begin("counting", total(&open.log).await);
        let counted = async {
            let stats = stats(&open.log, |events| bar.at(events)).await?;
            let store = match open.postgres_url() {
                Some(url) => Some(figures(url).await?),
                None => None,
            };
            anyhow::Ok((stats, store))
        };
        let counted = counted.await;
        bar.end();
        open.close().await;
        let (stats, store) = counted?;
        if json {
            say(serde_json::to_string(&Told { stats: &stats, postgres: store.as_ref() })?);
            return Ok(());
        }
        tell(&stats);
        if let Some(store) = &store {
            tell_store(store);
        }
        Ok(())
    }
}

fn bytes(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}

fn tell(stats: &LogStats) {
    let time = |time: Option<chrono::DateTime<chrono::Utc>>| {
        time.map_or_else(|| "never".to_owned(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
    };
    say_table(
        "",
        &[
            ["events".to_owned(), grouped(stats.events)],
            ["streams".to_owned(), grouped(stats.streams)],
            ["payloads".to_owned(), bytes(stats.payload_bytes)],
            ["head".to_owned(), stats.head.to_string()],
            ["first".to_owned(), time(stats.first)],
            ["last".to_owned(), time(stats.last)],
        ],
    );
    let mut types = vec![["type", "streams", "events", "payloads"].map(str::to_owned)];
    types.extend(
        stats.types.iter().map(|t| {
            [t.aggregate_type.clone(), grouped(t.streams), grouped(t.events), bytes(t.payload_bytes)]
        }),
    );
    say("");
    say_table("", &types);
    let mut longest = vec![["longest streams", "events"].map(str::to_owned)];
    longest.extend(stats.longest.iter().map(|s| [s.stream.clone(), grouped(s.events)]));
    say("");
    say_table("", &longest);
    let mut days = vec![["day", "events"].map(str::to_owned)];
    let earlier = stats.days.len().saturating_sub(DAYS_SHOWN);
    if earlier > 0 {
        let events: u64 = stats.days.values().take(earlier).sum();
        days.push([format!("{earlier} days before"), grouped(events)]);
    }
    days.extend(stats.days.iter().skip(earlier).map(|(day, events)| [day.to_string(), grouped(*events)]));
    say("");
    say_table("", &days);
}

fn tell_store(store: &StoreFigures) {
    let size = |size: i64| bytes(size.unsigned_abs());
    let count = |count: i64| grouped(count.unsigned_abs());
    say("");
    say(format!("On PostgreSQL {}, whose counts of rows are estimates:", store.server_version));
    let mut tables =
        vec![["table", "rows", "dead rows", "size", "large values", "indexes", "bloat"].map(str::to_owned)];
    tables.extend(store.tables.iter().map(|table| {
        let bloat =
            table.bloat.map_or_else(|| "unknown".to_owned(), |bloat| format!("{:.0} %", bloat * 100.0));
        [
            table.table.clone(),
            count(table.live_rows),
            count(table.dead_rows),
            size(table.row_bytes),
            size(table.large_value_bytes),
            size(table.index_bytes),
            bloat,
        ]
    }));
    say_table("", &tables);
    let mut indexes = vec![["index", "size", "times used"].map(str::to_owned)];
    indexes.extend(
        store.indexes.iter().map(|index| [index.index.clone(), size(index.bytes), count(index.scans)]),
    );
    say("");
    say_table("", &indexes);
}
