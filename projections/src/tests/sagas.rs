//! How fulfilments are, as the rows tell it: by the same state machine that decides.

use std::time::Duration;

use agrodeep_domain::{
    Aggregate, OrderFulfilment, OrderId,
    order::{CancelReason, Conductor},
    order_fulfilment::{
        Condition, EffectOutcome, Fact, Intervention, Observe, OrderFulfilmentCommand, Outcome,
        RecordOutcomes, Refusal, Step,
    },
};
use chrono::{TimeDelta, Utc};

use super::{
    market::{Market, SYSTEM},
    story::{Story, line, offered, somebody, tomatoes},
};
use crate::{
    Page,
    sagas::{Saga, SagaFilter, SagaPlace, StepCount},
};

const PAGE: Page = Page { page: 1, limit: 50 };
const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// An order of tomatoes whose fulfilment is told all this, one after the other.
struct Told<'m> {
    story: Story<'m>,
    state: OrderFulfilment,
}

impl<'m> Told<'m> {
    async fn new(market: &'m Market) -> Self {
        let producer = somebody();
        let product = offered(market, producer, tomatoes(), 250).await;
        let story = Story::placed(market, somebody(), vec![line(product, producer, 1000, 250)]).await;
        let start = story.start();
        let mut told = Self { story, state: OrderFulfilment::default() };
        told.tell(Observe { conductor: Conductor::ProcessManager, start: Some(start), facts: vec![] }).await;
        told
    }

    async fn tell(&mut self, command: impl Into<OrderFulfilmentCommand>) {
        for event in self.state.decide(&command.into()).unwrap() {
            self.story.market.happens::<OrderFulfilment>(self.story.id.uuid(), SYSTEM, event.clone()).await;
            self.state.apply(&event);
        }
    }

    async fn outcome(&mut self, step: Step, outcome: Outcome) {
        self.tell(RecordOutcomes { outcomes: vec![EffectOutcome { step, outcome }] }).await;
    }

    async fn done(&mut self, step: Step) {
        self.outcome(step, Outcome::Done(None)).await;
    }

    async fn parks(&mut self, step: Step) {
        self.outcome(step, Outcome::Failed { error: "no answer".to_owned(), retry_at: None }).await;
    }

    fn hold(&self) -> Step {
        Step::HoldStock(self.story.lines[0].product_id)
    }
}

fn pause() -> OrderFulfilmentCommand {
    OrderFulfilmentCommand::Intervene(Intervention::Pause { reason: "why not".parse().unwrap() })
}

async fn found(market: &Market, filter: SagaFilter) -> Vec<Saga> {
    market.reads.sagas(filter, PAGE).await.unwrap().items
}

async fn orders(market: &Market, filter: SagaFilter) -> Vec<OrderId> {
    found(market, filter).await.into_iter().map(|saga| saga.order_id).collect()
}

fn at(step: &str) -> SagaFilter {
    SagaFilter { step: SagaPlace::named(step), ..SagaFilter::default() }
}

fn in_state(condition: Condition) -> SagaFilter {
    SagaFilter { condition: Some(condition), ..SagaFilter::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_the_fulfilment_itself_and_says_since_when_it_stands_there() {
    let market = Market::open().await;
    let mut told = Told::new(&market).await;
    let began = market.now();
    told.done(told.hold()).await;
    told.done(Step::RequestPayment).await;
    let since = market.now();
    market.project().await;
    let [saga] = found(&market, SagaFilter::default()).await.try_into().unwrap();
    assert_eq!(saga.fulfilment, told.state);
    assert_eq!(
        (saga.fulfilment.condition(), saga.fulfilment.stands_at()),
        (Some(Condition::Waiting), Some("awaiting_payment"))
    );
    assert_eq!((saga.version, saga.since, saga.updated_at), (5, since, since));
    // The events of one decision are a second apart here.
    assert_eq!(saga.started_at, began - TimeDelta::seconds(1));
    assert_eq!(saga.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    // A fact that changes nothing about where it stands.
    told.tell(pause()).await;
    market.project().await;
    let [saga] = found(&market, in_state(Condition::Paused)).await.try_into().unwrap();
    assert_eq!((saga.fulfilment.paused, saga.since), (true, market.now()));
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn sagas_are_found_by_state_step_age_and_what_waits_for_a_person() {
    let market = Market::open().await;
    let mut waits = Told::new(&market).await;
    waits.done(waits.hold()).await;
    waits.done(Step::RequestPayment).await;
    let mut parked = Told::new(&market).await;
    parked.done(parked.hold()).await;
    parked.parks(Step::RequestPayment).await;
    let mut paused = Told::new(&market).await;
    paused.parks(paused.hold()).await;
    paused.tell(pause()).await;
    let runs = Told::new(&market).await;
    let mut ended = Told::new(&market).await;
    ended
        .tell(Observe {
            conductor: Conductor::ProcessManager,
            start: None,
            facts: vec![Fact::OrderCancelled(CancelReason::BuyerRequest)],
        })
        .await;
    ended.outcome(ended.hold(), Outcome::Refused(Refusal::OrderCancelled)).await;
    market.project().await;

    let [waits, parked, paused, runs, ended] =
        [&waits, &parked, &paused, &runs, &ended].map(|told| told.story.id);
    // The longest standing first; what has ended only when it is asked for.
    assert_eq!(orders(&market, SagaFilter::default()).await, [waits, parked, paused, runs]);
    for (filter, expected) in [
        (in_state(Condition::Waiting), vec![waits]),
        (in_state(Condition::Parked), vec![parked]),
        (in_state(Condition::Paused), vec![paused]),
        (in_state(Condition::Running), vec![runs]),
        (in_state(Condition::Cancelled), vec![ended]),
        (in_state(Condition::Delivered), vec![]),
        (SagaFilter { parked: Some(true), ..SagaFilter::default() }, vec![parked, paused]),
        (SagaFilter { parked: Some(false), ..SagaFilter::default() }, vec![waits, runs]),
        (at("hold_stock"), vec![paused, runs]),
        (at("request_payment"), vec![parked]),
        (at("awaiting_payment"), vec![waits]),
        (at("refund_payment"), vec![]),
    ] {
        assert_eq!(orders(&market, filter).await, expected, "{filter:?}");
    }
    assert_eq!(SagaPlace::named("dance"), None);
    // All of it happened on a day long ago, one second after the other.
    let age = |order: &Saga| (Utc::now() - order.started_at).to_std().unwrap();
    let all = found(&market, SagaFilter::default()).await;
    let older = SagaFilter { age_min: age(&all[1]).checked_sub(HALF_A_SECOND), ..SagaFilter::default() };
    assert_eq!(orders(&market, older).await, [waits, parked]);
    let standing = (Utc::now() - all[2].since).to_std().unwrap().checked_sub(HALF_A_SECOND).unwrap();
    let longer = SagaFilter { standing_min: Some(standing), ..SagaFilter::default() };
    assert_eq!(orders(&market, longer).await, [waits, parked, paused]);
    let second = market.reads.sagas(SagaFilter::default(), Page { page: 2, limit: 3 }).await.unwrap();
    assert_eq!((second.total, second.items[0].order_id), (4, runs));

    let count = |step: &str, open, parked| StepCount { step: step.to_owned(), open, parked };
    assert_eq!(
        market.reads.saga_steps().await.unwrap(),
        [count("hold_stock", 2, 1), count("request_payment", 1, 1)]
    );
    assert!(market.check().await.is_clean());
}
