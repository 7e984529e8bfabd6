//! The two APIs, each in its frame.

use std::sync::Arc;

use agrodeep_commands::payments::signature::WebhookSecrets;
use agrodeep_event_store::SharedLog;
use agrodeep_http::{Readiness, ServiceRoutes, TokenVerifier};
use agrodeep_projections::{ReadModels, parking::ParkingDesk, rebuild::Rebuilds};
use agrodeep_read_api::{ReadApi, ReadApiSettings, event_streams::StreamSettings};
use agrodeep_write_api::{
    PublicUrls, Runner, WriteApi,
    accounts::{AccountSettings, SigningKeySource},
};
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{WriteSide, catalogue, differences, parked, rebuilds};
use crate::settings::Settings;

/// What admins decide about the read side.
pub struct Admin {
    pub parking: ParkingDesk,
    pub rebuilds: Rebuilds,
}

/// The write API; and what runs its commands, to wait for those that outlive their requests.
pub fn write_api(
    write_side: &WriteSide,
    admin: Admin,
    webhook_secrets: Vec<SecretString>,
    read_url: &str,
    metrics: PrometheusHandle,
) -> (Router, Runner) {
    // Without `..`: a part that the API does not get does not compile.
    let WriteSide { log, pool, commands, accounts, simulator, saga_retries: _ } = write_side;
    let runner = Runner::new(commands.idempotency.clone());
    let api = WriteApi {
        commands: commands.clone(),
        accounts: accounts.clone(),
        verifier: verifier(pool),
        runner: runner.clone(),
        webhook_secrets: WebhookSecrets::new(webhook_secrets),
        simulator: simulator.clone(),
        parked: parked::port(admin.parking),
        rebuilds: rebuilds::port(admin.rebuilds),
        urls: PublicUrls { read: read_url.to_owned() },
    };
    let readiness =
        Readiness::new().check("database", answers(pool.clone())).check("log", has_head(log.clone()));
    let (router, contract) = agrodeep_write_api::router(api);
    let service = ServiceRoutes { name: "write-api", readiness, metrics: Some(metrics) };
    (service.around(router, contract), runner)
}

/// The read API. `tables` sees what stands beside the log: the keys that tokens are verified with, and differences of payments;
/// streams end at `stop`.
pub fn read_api(
    log: SharedLog,
    models: ReadModels,
    tables: &PgPool,
    settings: &Settings,
    read_url: &str,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> Router {
    let api = ReadApi {
        models,
        log,
        differences: differences::port(tables.clone()),
        streams: StreamSettings::new(catalogue(), stop),
        tokens: verifier(tables),
        settings: ReadApiSettings {
            public_url: read_url.to_owned(),
            min_position_wait: settings.read_wait,
            ..ReadApiSettings::default()
        },
    };
    let readiness = agrodeep_read_api::readiness(&api);
    let (router, contract) = agrodeep_read_api::router(api);
    ServiceRoutes { name: agrodeep_read_api::SERVICE, readiness, metrics: Some(metrics) }
        .around(router, contract)
}

fn verifier(signing_keys: &PgPool) -> TokenVerifier {
    let AccountSettings { issuer, audience, .. } = AccountSettings::default();
    TokenVerifier::new(Arc::new(SigningKeySource::new(signing_keys.clone())), &issuer, &audience)
}

fn answers(
    pool: PgPool,
) -> impl Fn() -> futures::future::BoxFuture<'static, Result<(), String>> + Send + Sync {
    move || {
        let pool = pool.clone();
        Box::pin(async move {
            sqlx::query("select 1").execute(&pool).await.map(drop).map_err(|error| error.to_string())
        })
    }
}

fn has_head(
    log: SharedLog,
) -> impl Fn() -> futures::future::BoxFuture<'static, Result<(), String>> + Send + Sync {
    move || {
        let log = log.clone();
        Box::pin(async move { log.head().await.map(drop).map_err(|error| error.to_string()) })
    }
}
