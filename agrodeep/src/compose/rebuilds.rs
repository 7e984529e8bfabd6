//! Building read models anew: the write API's port, on the rebuilds of the read side.

use std::sync::Arc;

use agrodeep_event_store::SharedLog;
use agrodeep_projections::{
    Model,
    database::connect_read,
    rebuild::{RebuildError, RebuildRequest, RebuildStatus, Rebuilds},
};
use agrodeep_write_api::{
    SharedRebuilds,
    rebuilds::{ProjectionRebuilds, RebuildRefusal, RebuildView, StartRebuild},
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use secrecy::ExposeSecret;

use crate::{database::Databases, settings::Settings};

/// Hardly anybody asks.
const CONNECTIONS: u32 = 2;

/// What builds read models anew, where they are written.
///
/// # Errors
/// When the database's address cannot be used.
pub fn rebuilds(log: SharedLog, settings: &Settings, databases: &Databases) -> Result<Rebuilds> {
    let pool = connect_read(databases.write_url.expose_secret(), CONNECTIONS)
        .context("the address of the database cannot be used")?;
    Ok(Rebuilds::new(log, pool, settings.rebuild_grace))
}

/// The same, as the write API knows it.
pub fn port(rebuilds: Rebuilds) -> SharedRebuilds {
    SharedRebuilds(Arc::new(Port(rebuilds)))
}

struct Port(Rebuilds);

#[async_trait]
impl ProjectionRebuilds for Port {
    async fn start(&self, request: StartRebuild) -> Result<RebuildView, RebuildRefusal> {
        let StartRebuild { projection, version, shards, requested_by } = request;
        let request = RebuildRequest { model: model(&projection)?, version, shards, requested_by };
        self.0.request(&request).await.map(view).map_err(refusal)
    }

    async fn latest(&self, projection: &str) -> Result<Option<RebuildView>, RebuildRefusal> {
        let model = model(projection)?;
        let found = self.0.list().await.map_err(refusal)?;
        Ok(found.into_iter().find(|status| status.model == model).map(view))
    }

    async fn stop(&self, projection: &str) -> Result<RebuildView, RebuildRefusal> {
        self.0.stop(model(projection)?).await.map(view).map_err(refusal)
    }

    async fn discard(&self, projection: &str) -> Result<(), RebuildRefusal> {
        self.0.discard(model(projection)?).await.map_err(refusal)
    }
}

fn model(name: &str) -> Result<Model, RebuildRefusal> {
    name.parse().map_err(|unknown| refusal(RebuildError::UnknownProjection(unknown)))
}

fn view(status: RebuildStatus) -> RebuildView {
    RebuildView {
        projection: status.model.as_str(),
        version: status.version,
        state: status.state.as_str(),
        shards: status.shards,
        position: status.position.0,
        head: status.head.0,
        events_per_second: status.events_per_second,
        seconds_left: status.seconds_left,
        requested_by: status.requested_by,
        requested_at: status.requested_at,
        switched_at: status.switched_at,
        drop_after: status.drop_after,
    }
}

fn refusal(error: RebuildError) -> RebuildRefusal {
    let detail = error.to_string();
    match error {
        RebuildError::UnknownProjection(_) => RebuildRefusal::UnknownProjection(detail),
        RebuildError::UnknownVersion { .. } => RebuildRefusal::UnknownVersion(detail),
        RebuildError::Shards(_) => RebuildRefusal::Shards(detail),
        RebuildError::Running(_) => RebuildRefusal::Running(detail),
        RebuildError::NotRunning(_) | RebuildError::IndexInOneGo => RebuildRefusal::NotRunning(detail),
        RebuildError::Log(_) | RebuildError::Migrate(_) | RebuildError::Read(_) => {
            RebuildRefusal::Unavailable(detail)
        }
    }
}
