//! The fulfilment of orders, as operators see it.

use agrodeep_domain::{
    Actor, Aggregate, OrderFulfilment,
    order::{CancelReason, Conductor},
    order_fulfilment::{
        EffectOutcome, Fact, FulfilmentSteps, Intervention, LineToHold, Observe, OrderFulfilmentCommand,
        Outcome, RecordOutcomes, StartFulfilment, Step, StepPaused, Yield,
    },
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    people::ADMIN,
    story::{Tale, eur, tomatoes},
    world::{World, happens},
};

const SAGA: &str = "order_fulfilment";

/// Fulfilments that are told things, one after the other.
struct Told<'w> {
    world: &'w World,
    tale: Tale,
    state: OrderFulfilment,
}

impl<'w> Told<'w> {
    async fn new(world: &'w World, number: u32) -> Self {
        let tale = Tale::new(number);
        let mut told = Self { world, tale, state: OrderFulfilment::default() };
        let start = StartFulfilment {
            order_id: tale.order_id(),
            lines: vec![LineToHold { product_id: tomatoes(), quantity: "2".parse().unwrap() }],
            total: eur(900),
            payment_due_at: due_at(),
            conductor: Conductor::ProcessManager,
            correlation_id: uuid::Uuid::from_u128(42),
        };
        told.tell(Observe { conductor: Conductor::ProcessManager, start: Some(start), facts: vec![] }).await;
        told
    }

    async fn tell(&mut self, command: impl Into<OrderFulfilmentCommand>) {
        self.tell_as(Actor::system(SAGA), command.into()).await;
    }

    async fn tell_as(&mut self, actor: Actor, command: OrderFulfilmentCommand) {
        for event in self.state.decide(&command).unwrap() {
            self.world.happen(self.tale.fulfilment(actor.clone(), event.clone())).await;
            self.state.apply(&event);
        }
    }

    async fn fact(&mut self, fact: Fact) {
        let observe = Observe { conductor: Conductor::ProcessManager, start: None, facts: vec![fact] };
        self.tell(observe).await;
    }

    async fn outcome(&mut self, step: Step, outcome: Outcome) {
        self.tell(RecordOutcomes { outcomes: vec![EffectOutcome { step, outcome }] }).await;
    }

    async fn paid_for(&mut self) {
        self.outcome(Step::HoldStock(tomatoes()), Outcome::Done(None)).await;
        let yields = Yield::Payment { intent_id: "pi_1".to_owned() };
        self.outcome(Step::RequestPayment, Outcome::Done(Some(yields))).await;
        self.fact(Fact::PaymentCaptured).await;
    }

    async fn fails(&mut self, step: Step, retry_at: Option<DateTime<Utc>>) {
        self.outcome(step, Outcome::Failed { error: "no <answer> from & the provider".to_owned(), retry_at })
            .await;
    }
}

fn due_at() -> DateTime<Utc> {
    "2024-08-15T11:30:00Z".parse().unwrap()
}

/// An order that was paid and cancelled, and whose refund failed, was parked, is tried again, and parked again.
async fn with_parked_refund(world: &World) -> Told<'_> {
    let mut told = Told::new(world, 1).await;
    told.paid_for().await;
    told.fact(Fact::OrderCancelled(CancelReason::BuyerRequest)).await;
    told.fails(Step::RefundPayment, Some(due_at())).await;
    told.fails(Step::RefundPayment, None).await;
    let reason = Some("it answers <again>".parse().unwrap());
    let retry = Intervention::Retry { step: None, reason };
    told.tell_as(ADMIN.actor(), OrderFulfilmentCommand::Intervene(retry)).await;
    told.fails(Step::RefundPayment, None).await;
    told
}

fn step<'v>(view: &'v Value, name: &str) -> &'v Value {
    let steps = view["steps"].as_array().unwrap();
    steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no {name} in {view}"))
}

#[tokio::test]
async fn a_fulfilment_is_shown_whole_with_attempts_choices_and_links() {
    let world = World::new().await;
    let told = with_parked_refund(&world).await;
    let path = format!("/v1/operations/sagas/{}", told.tale.order_id());
    let answer = world.get(ADMIN, &path).await;
    let version = answer.header("etag").to_owned();
    let view = answer.ok();
    assert_eq!(version, format!("\"{}\"", view["version"]));
    assert_eq!((&view["state"], &view["step"]), (&json!("parked"), &json!("refund_payment")));
    assert_eq!((&view["unwinding"], &view["outcome"]), (&json!("buyer_request"), &json!(null)));
    assert_eq!(view["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    let payment = step(&view, "request_payment");
    assert_eq!((&payment["status"], &payment["result"]), (&json!("done"), &json!("pi_1")));
    let refund = step(&view, "refund_payment");
    assert_eq!((&refund["status"], &refund["undoes"]), (&json!("parked"), &json!("request_payment")));
    let failures = refund["failures"].as_array().unwrap();
    assert_eq!(failures.iter().map(|f| f["attempt"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(
        (&failures[0]["retry_at"], &failures[1]["retry_at"]),
        (&json!("2024-08-15T11:30:00Z"), &json!(null))
    );
    assert_eq!(step(&view, "schedule_delivery")["status"], "pending");
    assert_eq!(view["decisions"][0]["choice"], "retry");
    assert_eq!(view["decisions"][0]["decided_by"], ADMIN.actor().to_string());
    assert_eq!(view["decisions"][0]["reason"], "it answers <again>");
    assert_eq!(view["facts"][0]["fact"], "payment_captured");
    // Every event can be followed to where it is.
    let events = view["events"].as_array().unwrap();
    assert_eq!(events.len() as u64, view["version"].as_u64().unwrap());
    for event in [&events[0], events.last().unwrap()] {
        let found = world.get(ADMIN, event["url"].as_str().unwrap()).await;
        assert_eq!(found.status, 200);
        let line: Value = serde_json::from_slice(&found.body).unwrap_or_else(|_| panic!("{found:?}"));
        let found = line["data"].as_array().map_or_else(|| vec![line.clone()], Clone::clone);
        assert_eq!(found.len(), 1, "{line}");
        assert!(found[0].to_string().contains(event["event_type"].as_str().unwrap()), "{line}");
    }
    assert_eq!(world.get(ADMIN, view["stream_url"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_fulfilment_is_drawn_as_picture_and_as_text() {
    let world = World::new().await;
    let told = with_parked_refund(&world).await;
    let path = format!("/v1/operations/sagas/{}", told.tale.order_id());
    for accept in ["image/svg+xml", "text/html, image/svg+xml;q=0.9", "image/svg+xml,*/*"] {
        let answer = world.get_with(ADMIN, &path, &[("accept", accept)]).await;
        assert_eq!(answer.header("content-type"), "image/svg+xml", "{accept}");
        assert!(answer.header("vary").contains("accept"));
        let drawn = String::from_utf8(answer.body).unwrap();
        assert!(
            drawn.starts_with("<svg ")
                && drawn.contains("refund_payment")
                && drawn.contains("parked, 3 failed")
        );
        assert!(drawn.contains("it answers &lt;again&gt;") && !drawn.contains("<again>"), "{drawn}");
    }
    let answer = world.get_with(ADMIN, &path, &[("accept", "text/plain")]).await;
    let drawn = String::from_utf8(answer.body).unwrap();
    assert!(
        drawn.contains("✔ request_payment") && drawn.contains("⟲ ! refund_payment (parked, 3 failed)"),
        "{drawn}"
    );
    assert!(drawn.contains("paid 1"), "{drawn}");
    let json = world.get_with(ADMIN, &path, &[("accept", "text/html")]).await;
    assert_eq!(json.header("content-type"), "application/json");
}

#[tokio::test]
async fn fulfilments_are_found_page_by_page_and_a_paused_step_is_seen() {
    let world = World::new().await;
    let parked = with_parked_refund(&world).await;
    let mut waiting = Told::new(&world, 2).await;
    waiting.outcome(Step::HoldStock(tomatoes()), Outcome::Done(None)).await;
    Told::new(&world, 3).await;
    let reason = "the provider is <down>".parse().unwrap();
    let paused = StepPaused { step: "request_payment".parse().unwrap(), reason };
    world.happen(happens::<FulfilmentSteps>(FulfilmentSteps::ID, ADMIN.actor(), paused)).await;

    let answer = world.get(ADMIN, "/v1/operations/sagas?limit=2").await;
    let link = answer.header("link").to_owned();
    assert!(link.contains("page=2") && link.contains("rel=\"next\""), "{link}");
    let page = answer.ok();
    assert_eq!((&page["meta"]["total"], page["data"].as_array().unwrap().len()), (&json!(3), 2));
    let only = async |query: &str| {
        let page = world.get(ADMIN, &format!("/v1/operations/sagas?{query}")).await.ok();
        let data = page["data"].as_array().unwrap();
        data.iter().map(|item| item["order_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ids = [1, 2, 3].map(|n| Tale::new(n).order_id().to_string());
    assert_eq!(only("parked=true").await, [ids[0].clone()]);
    assert_eq!(only("state=parked&step=refund_payment&min_age_seconds=3600").await, [ids[0].clone()]);
    assert_eq!(only("step=request_payment").await, [ids[1].clone()]);
    assert_eq!(only("step=hold_stock&min_standing_seconds=60").await, [ids[2].clone()]);
    assert_eq!(only("min_age_seconds=300000000").await, [""; 0]);
    assert_eq!(only("state=delivered").await, [""; 0]);

    let page = world.get(ADMIN, "/v1/operations/sagas?step=request_payment").await.ok();
    assert_eq!(page["data"][0]["held_back"], json!(["request_payment"]));
    let steps = world.get(ADMIN, "/v1/operations/sagas/steps").await.ok();
    let steps = steps["data"].as_array().unwrap();
    assert_eq!(steps.len(), 17);
    let named = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    assert_eq!(named("request_payment")["open"], 1);
    assert_eq!(named("request_payment")["paused"]["paused_by"], ADMIN.actor().to_string());
    assert_eq!(named("request_payment")["paused"]["reason"], "the provider is <down>");
    assert_eq!(
        (&named("refund_payment")["parked"], &named("refund_payment")["paused"]),
        (&json!(1), &json!(null))
    );
    drop(parked);
}

#[tokio::test]
async fn what_is_asked_wrongly_of_fulfilments_is_named() {
    let world = World::new().await;
    for (query, parameter) in [
        ("state=stuck", "state"),
        ("state=", "state"),
        ("step=dance", "step"),
        ("step=hold_stock:prod_00000000000000000000000007", "step"),
        ("parked=yes", "parked"),
        ("min_age_seconds=-1", "min_age_seconds"),
        ("min_age_seconds=99999999999999", "min_age_seconds"),
        ("min_standing_seconds=1.5", "min_standing_seconds"),
        ("limit=1000", "limit"),
        ("page=0", "page"),
    ] {
        let problem = world.get(ADMIN, &format!("/v1/operations/sagas?{query}")).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}");
    }
    for path in ["ord_1", "%FF", "ord_01h455vb4pex5vsknk084sn02q", "prod_01h455vb4pex5vsknk084sn02q"] {
        let problem = world.get(ADMIN, &format!("/v1/operations/sagas/{path}")).await.problem(404);
        assert_eq!(problem["error"], "not_found", "{path}");
    }
}
