//! Deciding about what read models have parked.

use std::sync::Mutex;

use agrodeep_domain::Role;
use agrodeep_write_api::parked::{DecisionView, ParkedEvents, ParkedRefusal, ParkedStream, RetriedView};
use async_trait::async_trait;
use serde_json::json;

use crate::app::App;

/// What is parked at the desk.
pub const PARKED: &str = "orders/order-01919d2e-6a4b-7c11-9d3e-2f0a55b2c001";

/// A desk at which one order is always parked, and that remembers why something was skipped.
#[derive(Default)]
pub struct FakeDesk(Mutex<Vec<String>>);

impl FakeDesk {
    fn decided(parked: ParkedStream, outcome: &'static str) -> Result<DecisionView, ParkedRefusal> {
        let ParkedStream { projection, stream } = parked;
        if projection != "orders" {
            return Err(ParkedRefusal::UnknownProjection(format!("there is no projection {projection:?}")));
        }
        if format!("{projection}/{stream}") != PARKED {
            return Err(ParkedRefusal::NotParked(format!("{stream} is not parked in {projection}")));
        }
        Ok(DecisionView { projection, stream, outcome: Some(outcome), applied: 2 })
    }
}

#[async_trait]
impl ParkedEvents for FakeDesk {
    async fn retry(&self, parked: ParkedStream, _: &str) -> Result<DecisionView, ParkedRefusal> {
        Self::decided(parked, "still_parked")
    }

    async fn skip(
        &self,
        parked: ParkedStream,
        reason: String,
        decided_by: &str,
    ) -> Result<DecisionView, ParkedRefusal> {
        let mut skipped = self.0.lock().unwrap();
        if !skipped.is_empty() && skipped[0] == reason {
            return Err(ParkedRefusal::Pending(format!("{decided_by} has decided already")));
        }
        skipped.push(reason);
        Self::decided(parked, "released")
    }

    async fn retry_all(&self, projection: Option<String>, _: &str) -> Result<RetriedView, ParkedRefusal> {
        match projection.as_deref() {
            None | Some("orders") => Ok(RetriedView { asked: 1, released: 1, still_parked: 0, pending: 0 }),
            Some(other) => Err(ParkedRefusal::UnknownProjection(format!("there is no projection {other:?}"))),
        }
    }
}

#[tokio::test]
async fn an_admin_retries_skips_and_replays() {
    let app = App::start().await;
    let admin = app.user(Role::Admin, "admin").await;
    let retried = app.post(&format!("/v1/admin/parked/{PARKED}/retry")).by(&admin).send().await;
    retried.is(200);
    assert_eq!(retried.json["outcome"], "still_parked");
    let skip = format!("/v1/admin/parked/{PARKED}/skip");
    let body = json!({ "reason": "Written by a test" });
    let key = "decide-once";
    let skipped = app.post(&skip).by(&admin).key(key).json(&body).send().await;
    skipped.is(200);
    assert_eq!(skipped.json["applied"], 2);
    // The same request again is the same decision; another one meets what is pending.
    app.post(&skip).by(&admin).key(key).json(&body).send().await.is(200);
    app.post(&skip).by(&admin).json(&body).send().await.is_problem(409, "decision_pending");
    let replayed = app.post("/v1/admin/parked/replay-all").by(&admin).send().await;
    assert_eq!(replayed.json, json!({ "asked": 1, "released": 1, "still_parked": 0, "pending": 0 }));
}

#[tokio::test]
async fn what_cannot_be_decided_is_said_clearly() {
    let app = App::start().await;
    let admin = app.user(Role::Admin, "admin").await;
    let buyer = app.user(Role::Buyer, "buyer").await;
    for path in ["nothing/order-1/retry", "orders/order-1/retry", "orders/%FF/retry"] {
        app.post(&format!("/v1/admin/parked/{path}")).by(&admin).send().await.is_problem(404, "not_found");
    }
    let skip = format!("/v1/admin/parked/{PARKED}/skip");
    for body in [json!({}), json!({ "reason": "" }), json!({ "reason": "x".repeat(501) })] {
        app.post(&skip).by(&admin).json(&body).send().await.is_problem(422, "invalid_input");
    }
    app.post(&skip).by(&buyer).json(&json!({ "reason": "x" })).send().await.is_problem(403, "forbidden");
    let all = app.post("/v1/admin/parked/replay-all").by(&admin).json(&json!({ "projection": "x" }));
    all.send().await.is_problem(404, "not_found");
}
