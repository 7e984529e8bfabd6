//! Deciding about the fulfilment of orders.

use agrodeep_commands::CommandContext;
use agrodeep_domain::{
    Actor, OrderFulfilment, OrderId,
    order::{CancelReason, Conductor},
    order_fulfilment::{
        EffectOutcome, Fact, FulfilmentSteps, Intervention, Observe, OrderFulfilmentCommand, Outcome,
        PauseStep, RecordOutcomes, StartFulfilment, Step, Yield,
    },
};
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{app::Reply, journey::Market};

impl Market {
    async fn tell(&self, order_id: OrderId, command: impl Into<OrderFulfilmentCommand>) {
        self.execute::<OrderFulfilment>(order_id.uuid(), command.into()).await;
    }

    /// An order whose fulfilment has begun: its stock is to be held.
    pub async fn saga(&self) -> OrderId {
        let order_id = self.place().await;
        let start = StartFulfilment::of(&self.order(order_id).await.placed.unwrap(), Uuid::nil());
        self.tell(
            order_id,
            Observe { conductor: Conductor::ProcessManager, start: Some(start), facts: vec![] },
        )
        .await;
        order_id
    }

    async fn outcome(&self, order_id: OrderId, step: Step, outcome: Outcome) {
        self.tell(order_id, RecordOutcomes { outcomes: vec![EffectOutcome { step, outcome }] }).await;
    }

    async fn fact(&self, order_id: OrderId, fact: Fact) {
        self.tell(order_id, Observe { conductor: Conductor::ProcessManager, start: None, facts: vec![fact] })
            .await;
    }

    /// An order whose payment cannot be requested: that is parked.
    pub async fn parked_saga(&self) -> OrderId {
        let order_id = self.saga().await;
        self.outcome(order_id, Step::HoldStock(self.product_id), Outcome::Done(None)).await;
        let failed = Outcome::Failed { error: "no answer".to_owned(), retry_at: None };
        self.outcome(order_id, Step::RequestPayment, failed).await;
        order_id
    }

    /// An order that was cancelled before it was paid: its payment is to be withdrawn.
    pub async fn unwinding_saga(&self) -> OrderId {
        let order_id = self.saga().await;
        self.outcome(order_id, Step::HoldStock(self.product_id), Outcome::Done(None)).await;
        let intent = Yield::Payment { intent_id: "pi_1".to_owned() };
        self.outcome(order_id, Step::RequestPayment, Outcome::Done(Some(intent))).await;
        self.fact(order_id, Fact::OrderCancelled(CancelReason::BuyerRequest)).await;
        order_id
    }

    /// An order that waits.
    pub async fn paused_saga(&self) -> OrderId {
        let order_id = self.saga().await;
        let pause = Intervention::Pause { reason: "the address is unclear".parse().unwrap() };
        self.tell(order_id, OrderFulfilmentCommand::Intervene(pause)).await;
        order_id
    }

    pub async fn paused_step(&self, step: &str) {
        let pause =
            PauseStep { step: step.parse().unwrap(), reason: "the provider is down".parse().unwrap() };
        let context = CommandContext::new(Actor::system("test"), Utc::now());
        self.app
            .commands
            .executor
            .execute::<FulfilmentSteps>(FulfilmentSteps::ID, pause, context)
            .await
            .unwrap();
    }

    async fn choose(&self, order_id: OrderId, choice: &str, body: &Value) -> Reply {
        let path = format!("/v1/admin/sagas/{order_id}/{choice}");
        let ask = self.app.post(&path).by(&self.admin);
        // Null: no body at all.
        if body.is_null() { ask.send().await } else { ask.json(body).send().await }
    }

    async fn state(&self, order_id: OrderId) -> OrderFulfilment {
        self.app.commands.executor.state::<OrderFulfilment>(order_id.uuid()).await.unwrap().state
    }
}

fn because() -> Value {
    json!({ "reason": "it has to be" })
}

#[tokio::test]
async fn a_dry_run_tells_what_follows_and_writes_nothing() {
    let market = Market::open().await;
    let order_id = market.parked_saga().await;
    let head = market.app.head().await;
    let told = market.choose(order_id, "abandon", &json!({ "reason": "x", "dry_run": true })).await;
    told.is(200);
    assert_eq!(told.json["dry_run"], true);
    assert_eq!(told.json["recorded"], json!(["FulfilmentAbandoned", "CompensationsPlanned"]));
    let effects: Vec<String> = told.json["effects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|round| round[0]["step"].as_str().unwrap().to_owned())
        .collect();
    let release = format!("release_hold:{}", market.product_id);
    assert_eq!(effects, ["cancel_order", "withdraw_payment", release.as_str()]);
    assert_eq!(told.json["effects"][1][0]["undoes"], "request_payment");
    assert_eq!((&told.json["state_then"], &told.json["step_then"]), (&json!("cancelled"), &Value::Null));
    let retry = market.choose(order_id, "retry", &json!({ "dry_run": true })).await;
    assert_eq!(retry.json["step_then"], "awaiting_payment");
    assert_eq!(market.app.head().await, head, "something was written");
    let version = told.header("etag").to_owned();

    // Then it is done, at that version.
    let path = format!("/v1/admin/sagas/{order_id}/abandon");
    let abandon = || market.app.post(&path).by(&market.admin).json(&because());
    abandon().header("if-match", "\"1\"").send().await.is_problem(412, "version_conflict");
    let stale = json!({ "reason": "x", "dry_run": true });
    let dry = market.app.post(&path).by(&market.admin).json(&stale).header("if-match", "\"1\"").send().await;
    dry.is_problem(412, "version_conflict");
    let done = abandon().header("if-match", &version).key("abandon-once").send().await;
    done.is(200);
    assert_eq!((&done.json["dry_run"], &done.json["effects"]), (&json!(false), &told.json["effects"]));
    assert!(!done.header("agrodeep-position").is_empty());
    let again = abandon().header("if-match", &version).key("abandon-once").send().await;
    assert_eq!((again.bytes, again.status), (done.bytes.clone(), 200));
    abandon().send().await.is_problem(409, "already_abandoned");
    assert!(market.state(order_id).await.abandoned);
}

#[tokio::test]
async fn who_decides_and_why_is_in_the_stream() {
    let market = Market::open().await;
    let order_id = market.parked_saga().await;
    market.choose(order_id, "pause", &json!({ "reason": "  the address is unclear " })).await.is(200);
    let held = market.choose(order_id, "retry", &Value::Null).await;
    held.is(200);
    assert_eq!(held.json["held_back"][0]["step"], "request_payment");
    assert_eq!((&held.json["effects"], &held.json["state_then"]), (&json!([]), &json!("paused")));
    market.choose(order_id, "resume", &Value::Null).await.is(200);
    let stream = agrodeep_event_store::StreamId::new("order_fulfilment", order_id.uuid());
    let events = market.app.log.load(&stream, 0).await.unwrap();
    let decided: Vec<(String, String, String)> = events[events.len() - 3..]
        .iter()
        .map(|event| (event.event_type.clone(), event.metadata.actor.clone(), event.payload.get().to_owned()))
        .collect();
    let admin = format!("admin:{}", market.admin.id);
    assert_eq!(
        decided.iter().map(|event| event.0.as_str()).collect::<Vec<_>>(),
        ["FulfilmentPaused", "RetryOrdered", "FulfilmentResumed"]
    );
    assert!(decided.iter().all(|event| event.1 == admin), "{decided:?}");
    assert!(decided[0].2.contains("\"reason\":\"the address is unclear\""), "{decided:?}");
}

#[tokio::test]
async fn what_cannot_be_decided_about_a_fulfilment_is_said_clearly() {
    let market = Market::open().await;
    let parked = market.parked_saga().await;
    let unwinding = market.unwinding_saga().await;
    let shipped = market.saga().await;
    market.fact(shipped, Fact::OrderShipped(agrodeep_domain::DeliveryId::from_uuid(Uuid::now_v7()))).await;
    let unknown = OrderId::from_uuid(Uuid::now_v7());
    let hold = format!("hold_stock:{}", market.product_id);
    let skip = |step: &str| json!({ "step": step, "reason": "x" });
    for (order_id, choice, body, status, error) in [
        (unknown, "retry", Value::Null, 404, "not_found"),
        (unknown, "abandon", because(), 404, "not_found"),
        (unwinding, "retry", Value::Null, 409, "not_parked"),
        (parked, "retry", json!({ "step": hold }), 409, "not_parked"),
        (parked, "skip", skip("request_payment"), 409, "step_not_skippable"),
        (parked, "skip", skip(&hold), 409, "step_not_pending"),
        (unwinding, "skip", skip("refund_payment"), 409, "step_not_pending"),
        (unwinding, "abandon", because(), 409, "already_undone"),
        (shipped, "abandon", because(), 409, "already_shipped"),
        (parked, "resume", Value::Null, 409, "not_paused"),
    ] {
        for body in [body.clone(), with_dry_run(body)] {
            market.choose(order_id, choice, &body).await.is_problem(status, error);
        }
    }
    for (choice, body, pointer) in [
        ("skip", json!({ "step": "withdraw_payment" }), "/reason"),
        ("skip", json!({ "reason": "x" }), "/step"),
        ("skip", json!({ "step": "dance", "reason": "x" }), "/step"),
        ("skip", json!({ "step": "hold_stock", "reason": "x" }), "/step"),
        ("abandon", json!({}), "/reason"),
        ("abandon", json!({ "reason": " " }), "/reason"),
        ("abandon", json!({ "reason": "x".repeat(10_000) }), "/reason"),
        ("abandon", json!({ "reason": "a\u{7}b" }), "/reason"),
        ("retry", json!({ "step": "request_payment:prod_1" }), "/step"),
        ("retry", json!({ "reason": "é".repeat(501) }), "/reason"),
        ("pause", json!({}), "/reason"),
        ("resume", json!({ "reason": "" }), "/reason"),
        ("resume", json!({ "dry_run": "yes" }), "/dry_run"),
    ] {
        let reply = market.choose(parked, choice, &body).await;
        reply.is_problem(422, "invalid_input");
        assert_eq!(reply.pointers(), [pointer], "{choice} {body}");
    }
    let path = format!("/v1/admin/sagas/{parked}/abandon");
    market.app.post(&path).by(&market.buyer).json(&because()).send().await.is_problem(403, "forbidden");
    let query = format!("{path}?dry_run=true");
    market.app.post(&query).by(&market.admin).json(&because()).send().await.is_problem(400, "invalid_query");
    for path in ["ord_1/retry", "%FF/retry", "steps/dance/pause", "steps/hold_stock:prod_1/pause"] {
        let asked = market.app.post(&format!("/v1/admin/sagas/{path}")).by(&market.admin).json(&because());
        asked.send().await.is_problem(404, "not_found");
    }
}

fn with_dry_run(mut body: Value) -> Value {
    body["dry_run"] = json!(true);
    body
}

#[tokio::test]
async fn a_step_is_paused_and_resumed_for_all_orders() {
    let market = Market::open().await;
    let ask = |verb: &str, body: &Value| {
        let path = format!("/v1/admin/sagas/steps/request_payment/{verb}");
        let ask = market.app.post(&path).by(&market.admin);
        if body.is_null() { ask } else { ask.json(body) }
    };
    ask("pause", &json!({})).send().await.is_problem(422, "invalid_input");
    ask("resume", &Value::Null).send().await.is_problem(409, "not_paused");
    let paused = ask("pause", &because()).send().await;
    assert_eq!(paused.json, json!({ "step": "request_payment", "paused": true }));
    ask("pause", &because()).send().await.is_problem(409, "already_paused");
    // What a retry would lead to takes it into account.
    let order_id = market.parked_saga().await;
    let told = market.choose(order_id, "retry", &json!({ "dry_run": true })).await;
    assert_eq!(
        (&told.json["effects"], &told.json["held_back"][0]["step"]),
        (&json!([]), &json!("request_payment"))
    );
    let resumed = ask("resume", &Value::Null).send().await;
    assert_eq!(resumed.json, json!({ "step": "request_payment", "paused": false }));
    let by_buyer = market.app.post("/v1/admin/sagas/steps/request_payment/pause").by(&market.buyer);
    by_buyer.json(&because()).send().await.is_problem(403, "forbidden");
}
