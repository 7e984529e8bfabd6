//! How much room the log takes in its database, and how much of that is waste.

use serde::Serialize;
use tokio_postgres::NoTls;

use super::describe;
use crate::LogError;

/// The log's tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreFigures {
    /// The server's version.
    pub server_version: String,
    /// `events`, and `log_head`.
    pub tables: Vec<TableFigures>,
    /// The indexes of both.
    pub indexes: Vec<IndexFigures>,
}

/// A table as the server counts it. Rows are the server's estimates, from its last vacuum or analyze on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableFigures {
    /// Its name.
    pub table: String,
    /// The bytes of its rows, with the free space among them.
    pub row_bytes: i64,
    /// The bytes of large values, which are kept beside the rows.
    pub large_value_bytes: i64,
    /// The bytes of its indexes.
    pub index_bytes: i64,
    /// How many rows there are.
    pub live_rows: i64,
    /// How many rows are no longer needed, and still take room.
    pub dead_rows: i64,
    /// Which share of `row_bytes` no row needs, from 0 to 1; unknown until the table has been analyzed.
    pub bloat: Option<f64>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IndexFigures {
    /// Its name.
    pub index: String,
    /// Its bytes.
    pub bytes: i64,
    /// How often it was used since the server's statistics were last reset.
    pub scans: i64,
}

/// What a row takes beside its columns: its header, its line pointer, and what aligns it.
const ROW_OVERHEAD: i32 = 24 + 4 + 4;

const TABLES: &str = "
    select s.relname::text, pg_relation_size(s.relid),
           coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::bigint,
           pg_indexes_size(s.relid), s.n_live_tup, s.n_dead_tup,
           (select sum(avg_width) from pg_stats p
            where p.schemaname = s.schemaname and p.tablename = s.relname)::int
    from pg_stat_user_tables s join pg_class c on c.oid = s.relid
    where s.relid in (to_regclass('events'), to_regclass('log_head')) order by 1";

const INDEXES: &str = "
    select i.indexrelname::text, pg_relation_size(i.indexrelid), i.idx_scan from pg_stat_user_indexes i
    where i.relid in (to_regclass('events'), to_regclass('log_head')) order by 2 desc, 1";

/// Asks the server of the log at `url`.
///
/// # Errors
/// [`LogError`] when it cannot be reached or has no log.
pub async fn figures(url: &str) -> Result<StoreFigures, LogError> {
    let config: tokio_postgres::Config =
        url.parse().map_err(|error| LogError::Invalid(format!("the address of the database: {error}")))?;
    let unavailable = |error: tokio_postgres::Error| LogError::Unavailable(describe(&error));
    let (client, connection) = config.connect(NoTls).await.map_err(unavailable)?;
    tokio::spawn(connection);
    let version =
        client.query_one("select current_setting('server_version')", &[]).await.map_err(unavailable)?;
    let tables = client.query(TABLES, &[]).await.map_err(unavailable)?;
    let indexes = client.query(INDEXES, &[]).await.map_err(unavailable)?;
    let table = |row: &tokio_postgres::Row| {
        let (row_bytes, live_rows, width): (i64, i64, Option<i32>) = (row.get(1), row.get(4), row.get(6));
        let needed = |width: i32| live_rows as f64 * f64::from(width + ROW_OVERHEAD);
        TableFigures {
            table: row.get(0),
            row_bytes,
            large_value_bytes: row.get(2),
            index_bytes: row.get(3),
            live_rows,
            dead_rows: row.get(5),
            bloat: width
                .filter(|_| row_bytes > 0)
                .map(|width| (1.0 - needed(width) / row_bytes as f64).clamp(0.0, 1.0)),
        }
    };
    let index =
        |row: &tokio_postgres::Row| IndexFigures { index: row.get(0), bytes: row.get(1), scans: row.get(2) };
    Ok(StoreFigures {
        server_version: version.get(0),
        tables: tables.iter().map(table).collect(),
        indexes: indexes.iter().map(index).collect(),
    })
}
