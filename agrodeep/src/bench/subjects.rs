//! Who is measured: ours, and whom we are measured beside. Each in tables of its own, in the same database.

pub mod bulk;
pub mod disintegrate;
pub mod ours;
pub mod raw;
pub mod stock;

use sqlx::{Connection, PgConnection};

/// Makes a schema of this name anew.
async fn new_schema(url: &str, schema: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(&format!("drop schema if exists {schema} cascade")).execute(&mut connection).await?;
    sqlx::query(&format!("create schema {schema}")).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
