//! What happens to an order, and what its fulfilment records of it, in few words.

use agrodeep_domain::{
    Aggregate, Currency, DeliveryId, Money, OrderId, ProductId, Quantity, TrackingNumber,
    order::{CancelReason, Conductor},
};
use agrodeep_process_managers::order_fulfilment::*;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub type Event = OrderFulfilmentEvent;

pub fn order_id() -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(1))
}

pub fn apples() -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(2))
}

pub fn pears() -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(3))
}

pub fn due_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

pub fn start() -> StartFulfilment {
    let line = |product_id| LineToHold { product_id, quantity: Quantity::whole(2).unwrap() };
    StartFulfilment {
        order_id: order_id(),
        lines: vec![line(apples()), line(pears())],
        total: Money::from_hundredths(1350, Currency::EUR).unwrap(),
        payment_due_at: due_at(),
        conductor: Conductor::ProcessManager,
        correlation_id: Uuid::from_u128(9),
    }
}

pub fn observe(facts: impl IntoIterator<Item = Fact>) -> Observe {
    let facts = facts.into_iter().collect();
    Observe { conductor: Conductor::ProcessManager, start: None, facts }
}

pub fn placed() -> Observe {
    Observe { start: Some(start()), ..observe([]) }
}

pub fn first_delivery() -> DeliveryId {
    delivery_id(order_id(), 1)
}

pub fn second_delivery() -> DeliveryId {
    delivery_id(order_id(), 2)
}

pub fn tracking(ordinal: u32) -> TrackingNumber {
    TrackingNumber::new(due_at().date_naive(), ordinal)
}

pub fn planned_effects(steps: &[Step]) -> Vec<PlannedEffect> {
    steps.iter().map(|step| PlannedEffect { effect_id: effect_id(order_id(), *step), step: *step }).collect()
}

pub fn planned(steps: &[Step]) -> Event {
    EffectsPlanned { effects: planned_effects(steps) }.into()
}

pub fn compensating(steps: &[Step]) -> Event {
    CompensationsPlanned { effects: planned_effects(steps) }.into()
}

pub fn seen(fact: Fact) -> Event {
    FactObserved { fact }.into()
}

pub fn unwinding(reason: CancelReason) -> Event {
    UnwindingStarted { reason }.into()
}

pub fn completed(outcome: FulfilmentOutcome) -> Event {
    FulfilmentCompleted { outcome }.into()
}

pub fn cancelled(reason: CancelReason) -> Event {
    completed(FulfilmentOutcome::Cancelled { reason })
}

pub fn yields(step: Step) -> Option<Yield> {
    let delivery = |delivery_id, ordinal| Yield::Delivery { delivery_id, tracking_number: tracking(ordinal) };
    match step {
        Step::RequestPayment => Some(Yield::Payment { intent_id: "pi_1".to_owned() }),
        Step::ScheduleDelivery => Some(delivery(first_delivery(), 1)),
        Step::RescheduleDelivery => Some(delivery(second_delivery(), 2)),
        Step::RefundPayment => Some(Yield::Refund { refund_id: "re_1".to_owned() }),
        _ => None,
    }
}

pub fn outcomes(steps: &[Step], outcome: impl Fn(Step) -> Outcome) -> RecordOutcomes {
    let outcomes = steps.iter().map(|step| EffectOutcome { step: *step, outcome: outcome(*step) }).collect();
    RecordOutcomes { outcomes }
}

pub fn did(steps: &[Step]) -> RecordOutcomes {
    outcomes(steps, |step| Outcome::Done(yields(step)))
}

pub fn order_cancelled_by(reason: CancelReason) -> RecordOutcomes {
    outcomes(&[Step::CancelOrder], |_| Outcome::Done(Some(Yield::Cancellation { reason })))
}

pub fn done(steps: &[Step]) -> Event {
    let effects = steps.iter().map(|step| DoneEffect { step: *step, yields: yields(*step) }).collect();
    EffectsDone { effects }.into()
}

pub fn refused(step: Step, why: &str) -> RecordOutcomes {
    outcomes(&[step], |_| Outcome::Refused(Refusal::Because(why.to_owned())))
}

pub fn failed(step: Step, retry_at: Option<DateTime<Utc>>) -> RecordOutcomes {
    outcomes(&[step], |_| Outcome::Failed { error: "no answer".to_owned(), retry_at })
}

/// Everything that is recorded when all this is told, one after the other.
pub fn told(commands: impl IntoIterator<Item = OrderFulfilmentCommand>) -> Vec<Event> {
    let mut events = Vec::new();
    for command in commands {
        events.extend(OrderFulfilment::fold(&events).decide(&command).unwrap());
    }
    events
}

pub fn holds() -> [Step; 2] {
    [Step::HoldStock(apples()), Step::HoldStock(pears())]
}

pub fn releases() -> [Step; 2] {
    [Step::ReleaseHold(apples()), Step::ReleaseHold(pears())]
}

pub fn commits() -> [Step; 2] {
    [Step::CommitHold(apples()), Step::CommitHold(pears())]
}

pub fn until_payment_is_awaited() -> Vec<OrderFulfilmentCommand> {
    vec![placed().into(), did(&holds()).into(), did(&[Step::RequestPayment]).into()]
}

pub fn until_confirmed() -> Vec<OrderFulfilmentCommand> {
    let mut commands = until_payment_is_awaited();
    commands.extend([
        observe([Fact::PaymentCaptured]).into(),
        did(&[Step::ScheduleDelivery]).into(),
        did(&[Step::ConfirmOrder]).into(),
    ]);
    commands
}

pub fn until_shipped() -> Vec<OrderFulfilmentCommand> {
    let mut commands = until_confirmed();
    let steps = [Step::RecordPickup, commits()[0], commits()[1]];
    commands.extend([observe([Fact::OrderShipped(first_delivery())]).into(), did(&steps).into()]);
    commands
}

pub fn payment_deadline(at: DateTime<Utc>) -> DeadlinePassed {
    DeadlinePassed { kind: DeadlineKind::Payment, at }
}
