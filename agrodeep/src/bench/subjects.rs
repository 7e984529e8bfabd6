//! Who is measured: ours, and whom we are measured beside. Each in tables of its own, in the same database.

pub mod bulk;
#[cfg(feature = "bench-peers")]
mod disintegrate;
pub mod ours;
pub mod raw;
mod row;
mod stock;

use std::sync::Arc;

use sqlx::{Connection, PgConnection};

use super::contest::{Commanded, Contestant};

/// The other event stores, for people.
pub const OTHERS: &str = if cfg!(feature = "bench-peers") {
    "disintegrate takes part."
} else {
    "Built without disintegrate (`--features bench-peers`)."
};

/// The other event stores: stock postgres-es, and disintegrate when this was built with it.
pub async fn others(url: &str) -> anyhow::Result<Vec<Box<dyn Contestant>>> {
    let stock: Box<dyn Contestant> = Box::new(Commanded(Arc::new(stock::Stock::open(url).await?)));
    #[cfg(feature = "bench-peers")]
    return Ok(vec![stock, Box::new(Commanded(Arc::new(disintegrate::Disintegrate::open(url).await?)))]);
    #[cfg(not(feature = "bench-peers"))]
    return Ok(vec![stock]);
}

/// Makes a schema of this name anew.
async fn new_schema(url: &str, schema: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(&format!("drop schema if exists {schema} cascade")).execute(&mut connection).await?;
    sqlx::query(&format!("create schema {schema}")).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
