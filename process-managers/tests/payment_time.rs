//! How long the fulfilment of an order waits for the payment.

use agrodeep_domain::{
    Aggregate, OrderId, ProductId,
    order::{CancelReason, Conductor},
    testing::given,
};
use agrodeep_process_managers::order_fulfilment::{
    DeadlineKind, DeadlinePassed, EffectOutcome, EffectRefused, ExtendPaymentTime, Fact, LineToHold, Observe,
    OrderFulfilment, OrderFulfilmentCommand, OrderFulfilmentEvent as Event, Outcome, PaymentTimeExtended,
    RecordOutcomes, Refusal, StartFulfilment, Step, UnwindingStarted, Yield,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

fn due_at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(30)
}

fn later(minutes: i64) -> DateTime<Utc> {
    due_at() + TimeDelta::minutes(minutes)
}

fn apples() -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(7))
}

fn observe(start: Option<StartFulfilment>, facts: &[Fact]) -> OrderFulfilmentCommand {
    Observe { conductor: Conductor::ProcessManager, start, facts: facts.to_vec() }.into()
}

fn outcome(step: Step, outcome: Outcome) -> OrderFulfilmentCommand {
    RecordOutcomes { outcomes: vec![EffectOutcome { step, outcome }] }.into()
}

fn over(at: DateTime<Utc>) -> DeadlinePassed {
    DeadlinePassed { kind: DeadlineKind::Payment, at }
}

fn extend(minutes: i64) -> ExtendPaymentTime {
    ExtendPaymentTime { until: later(minutes) }
}

/// What is recorded until the payment is awaited, and then.
fn told(more: impl IntoIterator<Item = OrderFulfilmentCommand>) -> Vec<Event> {
    let start = StartFulfilment {
        order_id: OrderId::from_uuid(Uuid::from_u128(1)),
        lines: vec![LineToHold { product_id: apples(), quantity: "3".parse().expect("a quantity") }],
        total: "13.50 EUR".parse().expect("money"),
        payment_due_at: due_at(),
        conductor: Conductor::ProcessManager,
        correlation_id: Uuid::nil(),
    };
    let requested = Yield::Payment { intent_id: "pi_1".to_owned() };
    let mut commands = vec![
        observe(Some(start), &[]),
        outcome(Step::HoldStock(apples()), Outcome::Done(None)),
        outcome(Step::RequestPayment, Outcome::Done(Some(requested))),
    ];
    commands.extend(more);
    let mut events = Vec::new();
    for command in commands {
        events.extend(OrderFulfilment::fold(&events).decide(&command).expect("it is ours"));
    }
    events
}

#[test]
fn the_payment_is_waited_for_longer_once() {
    let extended = PaymentTimeExtended { until: later(15) };
    given::<OrderFulfilment>(told([])).when(extend(15)).then([extended.into()]);
    let state = OrderFulfilment::fold(&told([extend(15).into()]));
    assert_eq!(state.payment_due_at(), Some(later(15)));
    given::<OrderFulfilment>(told([extend(15).into()])).when(extend(30)).then_nothing();
}

#[test]
fn longer_is_never_shorter() {
    for minutes in [-1, 0] {
        given::<OrderFulfilment>(told([])).when(extend(minutes)).then_nothing();
    }
}

#[test]
fn the_first_deadline_means_nothing_after_that_and_the_second_ends_it() {
    let waiting = told([extend(15).into()]);
    given::<OrderFulfilment>(waiting.clone()).when(over(later(14))).then_nothing();
    let ended = OrderFulfilment::fold(&waiting).decide(&over(later(15)).into()).expect("it is ours");
    assert!(ended.contains(&UnwindingStarted { reason: CancelReason::PaymentTimeout }.into()), "{ended:?}");
}

#[test]
fn what_is_paid_declined_or_over_is_not_waited_for_any_longer() {
    for settled in [
        observe(None, &[Fact::PaymentCaptured]),
        observe(None, &[Fact::PaymentDeclined]),
        over(due_at()).into(),
    ] {
        given::<OrderFulfilment>(told([settled])).when(extend(15)).then_nothing();
    }
}

#[test]
fn a_withdrawal_that_nobody_could_make_is_forgotten_when_the_payment_comes() {
    let fails = |retry_at| Outcome::Failed { error: "the bank decides".to_owned(), retry_at };
    for retry_at in [Some(later(1)), None] {
        let events = told([
            over(due_at()).into(),
            outcome(Step::WithdrawPayment, fails(retry_at)),
            observe(None, &[Fact::PaymentCaptured]),
        ]);
        let refused = EffectRefused { step: Step::WithdrawPayment, refusal: Refusal::AlreadyPaid };
        assert!(events.contains(&refused.into()), "{events:?}");
        assert_eq!(OrderFulfilment::fold(&events).parked().count(), 0);
    }
}
