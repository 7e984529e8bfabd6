//! Asking for read models to be built anew.

use std::sync::Mutex;

use agrodeep_domain::Role;
use agrodeep_write_api::rebuilds::{ProjectionRebuilds, RebuildRefusal, RebuildView, StartRebuild};
use async_trait::async_trait;
use axum::http::Method;
use chrono::DateTime;
use serde_json::json;

use crate::app::App;

/// Knows one projection, and whether it is being built anew.
#[derive(Default)]
pub struct FakeRebuilds(Mutex<Option<RebuildView>>);

impl FakeRebuilds {
    fn known(projection: &str) -> Result<(), RebuildRefusal> {
        if projection == "orders" {
            return Ok(());
        }
        Err(RebuildRefusal::UnknownProjection(format!(
            "there is no projection {projection:?}: known are orders"
        )))
    }
}

#[async_trait]
impl ProjectionRebuilds for FakeRebuilds {
    async fn start(&self, request: StartRebuild) -> Result<RebuildView, RebuildRefusal> {
        Self::known(&request.projection)?;
        if request.version.is_some_and(|version| version != 1) {
            return Err(RebuildRefusal::UnknownVersion("it writes version 1".to_owned()));
        }
        let mut latest = self.0.lock().unwrap();
        if latest.as_ref().is_some_and(|latest| latest.state == "building") {
            return Err(RebuildRefusal::Running("orders is being built anew already".to_owned()));
        }
        let view = RebuildView {
            projection: "orders",
            version: 1,
            state: "building",
            shards: request.shards.unwrap_or(2),
            position: 0,
            head: 7,
            events_per_second: None,
            seconds_left: None,
            requested_by: request.requested_by,
            requested_at: DateTime::UNIX_EPOCH,
            switched_at: None,
            drop_after: None,
        };
        Ok(latest.insert(view).clone())
    }

    async fn latest(&self, projection: &str) -> Result<Option<RebuildView>, RebuildRefusal> {
        Self::known(projection)?;
        Ok(self.0.lock().unwrap().clone())
    }

    async fn stop(&self, projection: &str) -> Result<RebuildView, RebuildRefusal> {
        Self::known(projection)?;
        let mut latest = self.0.lock().unwrap();
        let view = latest.as_mut().ok_or_else(|| RebuildRefusal::NotRunning("it is not".to_owned()))?;
        view.state = "stopped";
        Ok(view.clone())
    }

    async fn discard(&self, projection: &str) -> Result<(), RebuildRefusal> {
        Self::known(projection)?;
        self.0
            .lock()
            .unwrap()
            .take()
            .map(drop)
            .ok_or_else(|| RebuildRefusal::NotRunning("it is not".to_owned()))
    }
}

const REBUILD: &str = "/v1/admin/projections/orders/rebuild";

#[tokio::test]
async fn an_admin_starts_stops_and_gives_up_a_rebuild() {
    let app = App::start().await;
    let admin = app.user(Role::Admin, "admin").await;
    app.get(REBUILD).by(&admin).send().await.is_problem(404, "not_found");
    let started = app.post(REBUILD).by(&admin).json(&json!({ "version": 1, "shards": 3 })).send().await;
    started.is(202);
    assert_eq!((&started.json["projection"], &started.json["shards"]), (&json!("orders"), &json!(3)));
    assert_eq!(started.json["requested_by"], format!("admin:{}", admin.id));
    app.post(REBUILD).by(&admin).send().await.is_problem(409, "rebuild_running");
    assert_eq!(app.get(REBUILD).by(&admin).send().await.json["state"], "building");
    let stopped = app.post(&format!("{REBUILD}/stop")).by(&admin).send().await;
    stopped.is(200);
    assert_eq!(stopped.json["state"], "stopped");
    app.ask(Method::DELETE, REBUILD).by(&admin).send().await.is(204);
    app.ask(Method::DELETE, REBUILD).by(&admin).send().await.is_problem(409, "no_rebuild");
}

#[tokio::test]
async fn what_cannot_be_built_anew_is_named() {
    let app = App::start().await;
    let admin = app.user(Role::Admin, "admin").await;
    for path in ["/v1/admin/projections/orderz/rebuild", "/v1/admin/projections/orderz/rebuild/stop"] {
        let refused = app.post(path).by(&admin).send().await;
        refused.is_problem(404, "not_found");
        assert_eq!(refused.json["detail"], "there is no projection \"orderz\": known are orders");
    }
    let refused = app.post(REBUILD).by(&admin).json(&json!({ "version": 2 })).send().await;
    refused.is_problem(422, "invalid_input");
    assert_eq!(refused.pointers(), ["/version"]);
    for body in ["[]", "{\"version\": \"1\"}", "{\"shard\": 1}", "{\"shards\": -1}"] {
        let refused = app.post(REBUILD).by(&admin).body(body).send().await;
        assert!(matches!(refused.status, 400 | 422), "{body}: {}", refused.json);
    }
    app.post(&format!("{REBUILD}?version=1")).by(&admin).send().await.is_problem(400, "invalid_query");
}

#[tokio::test]
async fn only_admins_have_read_models_built_anew() {
    let app = App::start().await;
    app.post(REBUILD).send().await.is_problem(401, "missing_token");
    for role in [Role::Buyer, Role::Producer, Role::Driver, Role::Analyst, Role::Auditor] {
        let user = app.user(role, role.as_str()).await;
        app.post(REBUILD).by(&user).send().await.is_problem(403, "forbidden");
        app.post(&format!("{REBUILD}/stop")).by(&user).send().await.is_problem(403, "forbidden");
        app.get(REBUILD).by(&user).send().await.is_problem(403, "forbidden");
        app.ask(Method::DELETE, REBUILD).by(&user).send().await.is_problem(403, "forbidden");
    }
}
