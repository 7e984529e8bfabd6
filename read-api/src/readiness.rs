//! Whether the read API can do its work.

use agrodeep_event_store::SharedLog;
use agrodeep_http::Readiness;
use agrodeep_projections::{Model, ReadModels};

use crate::ReadApi;

/// The read models of the database; the index is asked apart.
const IN_DATABASE: [Model; 7] = [
    Model::Accounts,
    Model::Products,
    Model::Orders,
    Model::OrderHistory,
    Model::Deliveries,
    Model::Baskets,
    Model::Sagas,
];

/// Three checks: `database` answers, and neither the `projections` nor the `index` are too far behind the log.
pub fn readiness(api: &ReadApi) -> Readiness {
    let (models, log, lag_max) = (api.models.clone(), api.log.clone(), api.settings.ready_lag_events_max);
    let database = models.clone();
    let projections = (models.clone(), log.clone());
    let index = (models, log);
    Readiness::new()
        .check("database", move || {
            let models = database.clone();
            async move { models.accounts(&[]).await.map(drop).map_err(|error| error.to_string()) }
        })
        .check("projections", move || {
            let (models, log) = projections.clone();
            async move { near_head(&models, &log, &IN_DATABASE, lag_max).await }
        })
        .check("index", move || {
            let (models, log) = index.clone();
            async move { near_head(&models, &log, &[Model::Search], lag_max).await }
        })
}

async fn near_head(
    models: &ReadModels,
    log: &SharedLog,
    which: &[Model],
    lag_max: u64,
) -> Result<(), String> {
    for model in which {
        let position = models.position(*model).await.map_err(|error| error.to_string())?;
        let counted_max = if log.promises().dense_positions { u64::MAX } else { lag_max.saturating_add(1) };
        let lag = log.count_after(position, counted_max).await.map_err(|error| error.to_string())?;
        if lag > lag_max {
            return Err(format!("{model} is {lag} events behind"));
        }
    }
    Ok(())
}
