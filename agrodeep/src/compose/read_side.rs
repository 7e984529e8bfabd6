//! The read models: what keeps them up to date, and what answers from them.

use std::path::PathBuf;

use agrodeep_event_store::SharedLog;
use agrodeep_projections::{
    Progress, Projections, ReadModels,
    database::connect_read,
    search::{Indexer, ProductIndex},
};
use anyhow::{Context, Result};
use secrecy::ExposeSecret;
use sqlx::PgPool;

use crate::{data_dir::DataDir, database::Databases, settings::Settings};

/// What queries are answered from.
pub struct ReadSide {
    /// Answers questions.
    pub models: ReadModels,
    /// Keeps this process' product index up to date; it has to be run.
    pub indexer: Indexer,
    /// What the read models are read with.
    pub pool: PgPool,
}

impl ReadSide {
    /// Opens the read models and this process' product index. With `progress`, the projections run in this process, too.
    ///
    /// # Errors
    /// When the database's address cannot be used, or the index folder is another process'.
    pub fn open(
        log: SharedLog,
        settings: &Settings,
        databases: &Databases,
        data_dir: &DataDir,
        progress: Option<Progress>,
    ) -> Result<Self> {
        let url = databases.read_url.expose_secret();
        let pool = connect_read(url, settings.database_read_connections)
            .context("the address of the read models' database cannot be used")?;
        let (index, indexer) =
            ProductIndex::open(&index_dir(data_dir)).context("the product index cannot be opened")?;
        let mut models = ReadModels::new(log, pool.clone()).with_index(index);
        // A replica is behind the database that the projections write to: what they have done is not there yet.
        if let Some(progress) = progress
            && settings.database_read_url.is_none()
        {
            models = models.with_progress(progress);
        }
        Ok(Self { models, indexer, pool })
    }
}

/// Where the product index of a data folder is.
pub fn index_dir(data_dir: &DataDir) -> PathBuf {
    data_dir.join("search")
}

/// What keeps the read models in the database up to date; it has to be run. And what it writes with.
///
/// # Errors
/// When the database's address cannot be used.
pub fn projections(
    log: SharedLog,
    settings: &Settings,
    databases: &Databases,
) -> Result<(Projections, PgPool)> {
    let url = databases.write_url.expose_secret();
    let pool = connect_read(url, settings.database_connections)
        .context("the address of the database cannot be used")?;
    Ok((Projections::new(log, pool.clone()).with_grace(settings.rebuild_grace), pool))
}
