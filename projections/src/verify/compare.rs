//! Compares tables row by row, whatever they are: their names and keys come from the database's catalogue, so that none is
//! forgotten.

use std::cmp::Ordering;

use futures::TryStreamExt;
use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool, types::Json};

use super::{Difference, How, Report, VerifyError};

/// A table and the columns of its primary key.
struct Table {
    name: String,
    key: Vec<String>,
}

/// Compares all tables of the schema that both see.
pub(super) async fn all_tables(
    live: &mut PgConnection,
    rebuilt: &PgPool,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let mut rebuilt = rebuilt.acquire().await?;
    for table in tables(&mut rebuilt).await? {
        let differing = compare(live, &mut rebuilt, &table, report).await?;
        for (key, how) in differing {
            let how = match how {
                Some(how) => how,
                None => How::Columns(columns(live, &mut rebuilt, &table, &key).await?),
            };
            report.differs(Difference { table: table.name.clone(), key, how });
        }
    }
    Ok(())
}

async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, sqlx::Error> {
    let tables: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select c.relname::text, array_agg(a.attname::text order by k.place)
         from pg_class c
         join pg_index i on i.indrelid = c.oid and i.indisprimary
         cross join lateral unnest(i.indkey::int2[]) with ordinality k(attnum, place)
         join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
         where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
             and c.relname not in ('_sqlx_migrations', 'checkpoints', 'parking_decisions', 'projection_instances', 'rebuilds')
         group by c.relname order by c.relname",
    )
    .fetch_all(connection)
    .await?;
    Ok(tables.into_iter().map(|(name, key)| Table { name, key }).collect())
}

impl Table {
    /// The key as one text. Names come from our own migrations.
    fn key(&self) -> String {
        format!("concat_ws(' ', {})", self.key.join(", "))
    }

    fn digests(&self) -> String {
        let (name, key) = (&self.name, self.key());
        // When something was parked says the clock, not the log.
        let row = if name == "parked_events" { "(to_jsonb(t) - 'parked_at')" } else { "t" };
        format!("select {key} key, md5({row}::text) digest from {name} t order by {key} collate \"C\"")
    }

    fn row(&self) -> String {
        format!("select to_jsonb(t) from {} t where {} = $1", self.name, self.key())
    }
}

/// The keys of the rows that differ, and how when that is known: both tables are read side by side.
async fn compare(
    live: &mut PgConnection,
    rebuilt: &mut PgConnection,
    table: &Table,
    report: &mut Report,
) -> Result<Vec<(String, Option<How>)>, VerifyError> {
    let sql = table.digests();
    let mut live = sqlx::query_as::<_, (String, String)>(&sql).fetch(live);
    let mut rebuilt = sqlx::query_as::<_, (String, String)>(&sql).fetch(rebuilt);
    let (mut is, mut should) = (live.try_next().await?, rebuilt.try_next().await?);
    let mut differing = Vec::new();
    let mut rows = 0;
    loop {
        let order = match (&is, &should) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(is), Some(should)) => is.0.as_bytes().cmp(should.0.as_bytes()),
        };
        rows += 1;
        if order.is_eq() && is.as_ref().map(|row| &row.1) != should.as_ref().map(|row| &row.1) {
            differing.extend(is.take().map(|row| (row.0, None)));
        }
        if order.is_lt() {
            differing.extend(is.take().map(|row| (row.0, Some(How::Superfluous))));
        }
        if order.is_gt() {
            differing.extend(should.take().map(|row| (row.0, Some(How::Missing))));
        }
        if order.is_le() {
            is = live.try_next().await?;
        }
        if order.is_ge() {
            should = rebuilt.try_next().await?;
        }
    }
    report.rows.insert(table.name.clone(), rows);
    Ok(differing)
}

/// The columns in which a row differs.
async fn columns(
    live: &mut PgConnection,
    rebuilt: &mut PgConnection,
    table: &Table,
    key: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = table.row();
    let Json(is): Json<Map<String, Value>> = sqlx::query_scalar(&sql).bind(key).fetch_one(live).await?;
    let Json(should): Json<Map<String, Value>> =
        sqlx::query_scalar(&sql).bind(key).fetch_one(rebuilt).await?;
    Ok(is
        .into_iter()
        .filter(|(column, value)| should.get(column) != Some(value))
        .map(|(column, _)| column)
        .collect())
}
