//! Lines that become less after they were paid.

use agrodeep_domain::{Aggregate, Currency, Money, ProductId, Quantity, order::CancelReason, testing::given};
use agrodeep_process_managers::order_fulfilment::*;

use super::story::*;

/// The `adjustment`-th change: of this product so much is left, and so many cents go back.
fn less(adjustment: u32, product_id: ProductId, left: i64, cents: i64) -> Fact {
    let refund = Money::from_hundredths(cents, Currency::EUR).unwrap();
    Fact::LineAdjusted { adjustment, product_id, quantity: Quantity::whole(left).unwrap(), refund }
}

fn after(facts: &[Fact]) -> Vec<OrderFulfilmentCommand> {
    let mut commands = until_confirmed();
    commands.push(observe(facts.iter().copied()).into());
    commands
}

const REFUND: Step = Step::RefundDifference(1);
const REDUCE: Step = Step::ReduceHold(1);

fn refund_of_a_difference() -> RecordOutcomes {
    let yields = Some(Yield::Refund { refund_id: "re_2".to_owned() });
    outcomes(&[REFUND], |_| Outcome::Done(yields.clone()))
}

#[test]
fn a_line_that_becomes_less_has_its_difference_given_back_and_its_stock_freed_once() {
    let change = less(1, apples(), 1, 225);
    given::<OrderFulfilment>(told(until_confirmed()))
        .when(observe([change]))
        .then([seen(change), compensating(&[REFUND, REDUCE])]);
    given::<OrderFulfilment>(told(after(&[change]))).when(observe([change])).then_nothing();
}

#[test]
fn a_line_that_only_costs_less_keeps_its_stock_and_one_that_costs_the_same_gives_nothing_back() {
    for (change, steps) in [(less(1, apples(), 2, 225), REFUND), (less(1, apples(), 1, 0), REDUCE)] {
        given::<OrderFulfilment>(told(until_confirmed()))
            .when(observe([change]))
            .then([seen(change), compensating(&[steps])]);
    }
}

#[test]
fn goods_leave_the_stock_once_only_those_are_kept_that_leave() {
    let mut commands = after(&[less(1, apples(), 1, 225)]);
    given::<OrderFulfilment>(told(commands.clone()))
        .when(observe([Fact::OrderShipped(first_delivery())]))
        .then([seen(Fact::OrderShipped(first_delivery())), planned(&[Step::RecordPickup, commits()[1]])]);
    commands.push(observe([Fact::OrderShipped(first_delivery())]).into());
    given::<OrderFulfilment>(told(commands))
        .when(did(&[REDUCE]))
        .then([done(&[REDUCE]), planned(&commits()[..1])]);
}

#[test]
fn of_a_line_of_nothing_nothing_leaves() {
    let mut commands = after(&[less(1, apples(), 0, 900)]);
    commands.push(did(&[REDUCE]).into());
    given::<OrderFulfilment>(told(commands))
        .when(observe([Fact::OrderShipped(first_delivery())]))
        .then([seen(Fact::OrderShipped(first_delivery())), planned(&[Step::RecordPickup, commits()[1]])]);
}

#[test]
fn an_order_that_is_delivered_waits_for_its_difference() {
    let mut commands = after(&[less(1, apples(), 1, 225)]);
    commands.extend([
        did(&[REDUCE]).into(),
        refund_of_a_difference().into(),
        observe([Fact::OrderShipped(first_delivery())]).into(),
        did(&[Step::RecordPickup, commits()[0], commits()[1]]).into(),
        observe([Fact::DeliveryCompleted(first_delivery())]).into(),
        did(&[Step::MarkDelivered]).into(),
    ]);
    let state = OrderFulfilment::fold(&told(commands.clone()));
    assert_eq!((state.outcome, state.stands_at()), (None, Some("awaiting_refund")));
    given::<OrderFulfilment>(told(commands))
        .when(observe([Fact::DifferenceRefunded(1)]))
        .then([seen(Fact::DifferenceRefunded(1)), completed(FulfilmentOutcome::Delivered)]);
}

#[test]
fn a_difference_goes_back_also_when_the_order_is_cancelled_and_waits_for_a_person_when_it_cannot() {
    let mut commands = after(&[less(1, apples(), 1, 225)]);
    commands.push(observe([Fact::OrderCancelled(CancelReason::BuyerRequest)]).into());
    commands.push(failed(REFUND, None).into());
    let state = OrderFulfilment::fold(&told(commands.clone()));
    assert_eq!(state.parked().collect::<Vec<_>>(), [REFUND]);
    let skip = || Intervention::Skip { step: REFUND, reason: "by hand".parse().unwrap() };
    assert!(matches!(
        state.decide(&OrderFulfilmentCommand::Intervene(skip())),
        Err(OrderFulfilmentRefusal::NotSkippable(REFUND, _))
    ));
    // All of the rest is back; of the difference the provider has told nothing.
    commands.push(observe([Fact::PaymentRefunded]).into());
    let state = OrderFulfilment::fold(&told(commands.clone()));
    assert!(state.decide(&OrderFulfilmentCommand::Intervene(skip())).is_err());
    commands.push(observe([Fact::DifferenceRefunded(1)]).into());
    let state = OrderFulfilment::fold(&told(commands));
    assert!(state.decide(&OrderFulfilmentCommand::Intervene(skip())).is_ok());
}
