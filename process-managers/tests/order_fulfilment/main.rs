//! What the fulfilment of an order records, fact by fact: given what was recorded, when something is told, then this is
//! recorded.

#![allow(clippy::unwrap_used)]

mod less;
mod story;

use agrodeep_domain::{
    Aggregate, OrderId,
    order::{CancelReason, Conductor},
    testing::given,
};
use agrodeep_process_managers::order_fulfilment::*;
use chrono::TimeDelta;
use uuid::Uuid;

use self::story::*;

#[test]
fn a_placed_order_has_the_stock_of_every_line_held_at_once() {
    given::<OrderFulfilment>([])
        .when(placed())
        .then([FulfilmentStarted::from(&start()).into(), planned(&holds())]);
}

#[test]
fn payment_is_requested_once_everything_is_held() {
    given::<OrderFulfilment>(told([placed().into(), did(&holds()[..1]).into()]))
        .when(did(&holds()[1..]))
        .then([done(&holds()[1..]), planned(&[Step::RequestPayment])]);
    given::<OrderFulfilment>(told([placed().into()])).when(did(&holds()[..1])).then([done(&holds()[..1])]);
}

#[test]
fn a_paid_order_gets_a_delivery_and_is_then_confirmed() {
    let mut before = told(until_payment_is_awaited());
    let paid = [seen(Fact::PaymentCaptured), planned(&[Step::ScheduleDelivery])];
    given::<OrderFulfilment>(before.clone()).when(observe([Fact::PaymentCaptured])).then(paid.clone());
    before.extend(paid);
    given::<OrderFulfilment>(before)
        .when(did(&[Step::ScheduleDelivery]))
        .then([done(&[Step::ScheduleDelivery]), planned(&[Step::ConfirmOrder])]);
}

#[test]
fn a_confirmed_order_waits_for_its_driver() {
    let state = OrderFulfilment::fold(&told(until_confirmed()));
    assert_eq!(state.stands_at(), Some("awaiting_shipping"));
    assert_eq!(state.deadlines(), []);
    assert_eq!(state.delivery, Some((first_delivery(), tracking(1))));
}

#[test]
fn what_has_left_is_taken_off_the_stock_and_the_pick_up_made_sure() {
    given::<OrderFulfilment>(told(until_confirmed()))
        .when(observe([Fact::OrderShipped(first_delivery())]))
        .then([
            seen(Fact::OrderShipped(first_delivery())),
            planned(&[Step::RecordPickup, commits()[0], commits()[1]]),
        ]);
}

#[test]
fn a_delivered_order_is_marked_so_and_its_fulfilment_ends() {
    let mut before = told(until_shipped());
    let brought = [seen(Fact::DeliveryCompleted(first_delivery())), planned(&[Step::MarkDelivered])];
    given::<OrderFulfilment>(before.clone())
        .when(observe([Fact::DeliveryCompleted(first_delivery())]))
        .then(brought.clone());
    before.extend(brought);
    given::<OrderFulfilment>(before)
        .when(did(&[Step::MarkDelivered]))
        .then([done(&[Step::MarkDelivered]), completed(FulfilmentOutcome::Delivered)]);
}

#[test]
fn a_line_that_cannot_be_held_has_the_others_released_and_the_order_cancelled() {
    let both = RecordOutcomes {
        outcomes: [did(&holds()[..1]).outcomes, refused(holds()[1], "only 1 available").outcomes].concat(),
    };
    let refusal = Refusal::Because("only 1 available".to_owned());
    let mut before = told([placed().into()]);
    let after = [
        done(&holds()[..1]),
        EffectRefused { step: holds()[1], refusal }.into(),
        unwinding(CancelReason::StockUnavailable),
        compensating(&releases()[..1]),
    ];
    given::<OrderFulfilment>(before.clone()).when(both).then(after.clone());
    before.extend(after);
    let after = [done(&releases()[..1]), compensating(&[Step::CancelOrder])];
    given::<OrderFulfilment>(before.clone()).when(did(&releases()[..1])).then(after.clone());
    before.extend(after);
    given::<OrderFulfilment>(before).when(order_cancelled_by(CancelReason::StockUnavailable)).then([
        EffectsDone {
            effects: vec![DoneEffect {
                step: Step::CancelOrder,
                yields: Some(Yield::Cancellation { reason: CancelReason::StockUnavailable }),
            }],
        }
        .into(),
        cancelled(CancelReason::StockUnavailable),
    ]);
}

#[test]
fn a_hold_that_succeeds_after_another_was_refused_is_released_too() {
    let before =
        [placed().into(), failed(holds()[0], Some(due_at())).into(), refused(holds()[1], "none left").into()];
    given::<OrderFulfilment>(told(before))
        .when(did(&holds()[..1]))
        .then([done(&holds()[..1]), compensating(&releases()[..1])]);
}

#[test]
fn a_declined_payment_is_withdrawn_all_holds_released_and_the_order_cancelled() {
    let mut before = told(until_payment_is_awaited());
    let steps: [(OrderFulfilmentCommand, Vec<Event>); 4] = [
        (
            observe([Fact::PaymentDeclined]).into(),
            vec![
                seen(Fact::PaymentDeclined),
                unwinding(CancelReason::PaymentFailed),
                compensating(&[Step::WithdrawPayment]),
            ],
        ),
        (
            did(&[Step::WithdrawPayment]).into(),
            vec![done(&[Step::WithdrawPayment]), compensating(&releases())],
        ),
        (did(&releases()).into(), vec![done(&releases()), compensating(&[Step::CancelOrder])]),
        (
            order_cancelled_by(CancelReason::PaymentFailed).into(),
            vec![
                EffectsDone {
                    effects: vec![DoneEffect {
                        step: Step::CancelOrder,
                        yields: Some(Yield::Cancellation { reason: CancelReason::PaymentFailed }),
                    }],
                }
                .into(),
                cancelled(CancelReason::PaymentFailed),
            ],
        ),
    ];
    for (command, after) in steps {
        given::<OrderFulfilment>(before.clone()).when(command).then(after.clone());
        before.extend(after);
    }
}

#[test]
fn without_payment_in_time_the_holds_expire_and_the_order_is_cancelled() {
    let passed = payment_deadline(due_at() + TimeDelta::milliseconds(3));
    given::<OrderFulfilment>(told(until_payment_is_awaited())).when(passed).then([
        passed.into(),
        unwinding(CancelReason::PaymentTimeout),
        compensating(&[Step::WithdrawPayment]),
    ]);
    let mut until_withdrawn = until_payment_is_awaited();
    until_withdrawn.push(passed.into());
    let expiries = [Step::ExpireHold(apples()), Step::ExpireHold(pears())];
    given::<OrderFulfilment>(told(until_withdrawn))
        .when(did(&[Step::WithdrawPayment]))
        .then([done(&[Step::WithdrawPayment]), compensating(&expiries)]);
}

#[test]
fn a_deadline_that_comes_early_or_after_the_payment_changes_nothing() {
    given::<OrderFulfilment>(told(until_payment_is_awaited()))
        .when(payment_deadline(due_at() - TimeDelta::milliseconds(1)))
        .then_nothing();
    given::<OrderFulfilment>(told(until_confirmed())).when(payment_deadline(due_at())).then_nothing();
    let mut paid = until_payment_is_awaited();
    paid.push(observe([Fact::PaymentCaptured]).into());
    given::<OrderFulfilment>(told(paid)).when(payment_deadline(due_at())).then_nothing();
}

#[test]
fn without_a_delivery_the_order_is_closed_the_money_refunded_and_the_stock_released() {
    let reason = CancelReason::DeliveryUnavailable;
    let mut commands = until_payment_is_awaited();
    commands.push(observe([Fact::PaymentCaptured]).into());
    let refusal = Refusal::Because("nobody drives there".to_owned());
    // The order arbitrates, so it is closed before its money goes back.
    given::<OrderFulfilment>(told(commands.clone()))
        .when(refused(Step::ScheduleDelivery, "nobody drives there"))
        .then([
            EffectRefused { step: Step::ScheduleDelivery, refusal }.into(),
            unwinding(reason),
            compensating(&[Step::CancelOrder]),
        ]);
    commands.push(refused(Step::ScheduleDelivery, "nobody drives there").into());
    commands.push(order_cancelled_by(reason).into());
    assert_eq!(told(commands.clone()).last(), Some(&compensating(&[Step::RefundPayment])));
    commands.push(did(&[Step::RefundPayment]).into());
    assert_eq!(told(commands.clone()).last(), Some(&compensating(&releases())));
    commands.push(did(&releases()).into());
    given::<OrderFulfilment>(told(commands))
        .when(observe([Fact::PaymentRefunded]))
        .then([seen(Fact::PaymentRefunded), cancelled(reason)]);
}

#[test]
fn a_buyer_who_cancels_a_confirmed_order_has_it_undone_the_last_first() {
    let reason = CancelReason::BuyerRequest;
    let mut commands = until_confirmed();
    for (told_now, undone_next) in [
        (observe([Fact::OrderCancelled(reason)]).into(), vec![Step::CancelDelivery]),
        (did(&[Step::CancelDelivery]).into(), vec![Step::RefundPayment]),
        (did(&[Step::RefundPayment]).into(), releases().to_vec()),
    ] {
        commands.push(told_now);
        assert_eq!(told(commands.clone()).last(), Some(&compensating(&undone_next)));
    }
    commands.push(did(&releases()).into());
    let state = OrderFulfilment::fold(&told(commands.clone()));
    assert_eq!((state.outcome, state.stands_at()), (None, Some("awaiting_refund")));
    commands.push(observe([Fact::PaymentRefunded]).into());
    assert_eq!(told(commands).last(), Some(&cancelled(reason)));
}

#[test]
fn a_buyer_who_cancels_before_paying_can_no_longer_pay() {
    let reason = CancelReason::BuyerRequest;
    let mut commands = until_payment_is_awaited();
    commands.push(observe([Fact::OrderCancelled(reason)]).into());
    assert_eq!(told(commands.clone()).last(), Some(&compensating(&[Step::WithdrawPayment])));
    commands.extend([did(&[Step::WithdrawPayment]).into(), did(&releases()).into()]);
    assert_eq!(told(commands).last(), Some(&cancelled(reason)));
}

#[test]
fn what_is_under_way_when_the_buyer_cancels_is_undone_when_it_turns_out_to_be_done() {
    let mut commands = until_payment_is_awaited();
    commands.push(observe([Fact::PaymentCaptured]).into());
    // A delivery is being scheduled.
    commands.push(observe([Fact::OrderCancelled(CancelReason::BuyerRequest)]).into());
    assert_eq!(told(commands.clone()).last(), Some(&compensating(&[Step::RefundPayment])));
    given::<OrderFulfilment>(told(commands))
        .when(did(&[Step::ScheduleDelivery]))
        .then([done(&[Step::ScheduleDelivery]), compensating(&[Step::CancelDelivery])]);
}

#[test]
fn a_payment_that_comes_after_the_end_is_refunded() {
    let reason = CancelReason::PaymentTimeout;
    let mut commands = until_payment_is_awaited();
    let expiries = [Step::ExpireHold(apples()), Step::ExpireHold(pears())];
    commands.extend([
        payment_deadline(due_at()).into(),
        did(&[Step::WithdrawPayment]).into(),
        did(&expiries).into(),
        order_cancelled_by(reason).into(),
    ]);
    assert_eq!(told(commands.clone()).last(), Some(&cancelled(reason)));
    let mut before = told(commands);
    let after = [seen(Fact::PaymentCaptured), compensating(&[Step::RefundPayment])];
    given::<OrderFulfilment>(before.clone()).when(observe([Fact::PaymentCaptured])).then(after.clone());
    before.extend(after);
    before.push(done(&[Step::RefundPayment]));
    given::<OrderFulfilment>(before)
        .when(observe([Fact::PaymentRefunded]))
        .then([seen(Fact::PaymentRefunded), cancelled(reason)]);
}

#[test]
fn a_payment_that_was_made_before_it_could_be_withdrawn_is_awaited_and_refunded() {
    let reason = CancelReason::PaymentTimeout;
    let expiries = [Step::ExpireHold(apples()), Step::ExpireHold(pears())];
    let mut commands = until_payment_is_awaited();
    commands.extend([
        payment_deadline(due_at()).into(),
        outcomes(&[Step::WithdrawPayment], |_| Outcome::Refused(Refusal::AlreadyPaid)).into(),
        did(&expiries).into(),
        order_cancelled_by(reason).into(),
    ]);
    assert_eq!(OrderFulfilment::fold(&told(commands.clone())).outcome, None);
    commands.push(observe([Fact::PaymentCaptured]).into());
    assert_eq!(told(commands).last(), Some(&compensating(&[Step::RefundPayment])));
}

#[test]
fn a_delivery_that_fails_is_scheduled_once_more() {
    given::<OrderFulfilment>(told(until_shipped()))
        .when(observe([Fact::DeliveryFailed(first_delivery())]))
        .then([seen(Fact::DeliveryFailed(first_delivery())), planned(&[Step::RescheduleDelivery])]);
}

#[test]
fn a_delivery_that_fails_twice_is_given_up_the_money_refunded_and_the_goods_written_off() {
    let mut commands = until_shipped();
    commands.extend([
        observe([Fact::DeliveryFailed(first_delivery())]).into(),
        did(&[Step::RescheduleDelivery]).into(),
        observe([Fact::DeliveryFailed(second_delivery())]).into(),
    ]);
    assert_eq!(told(commands.clone()).last(), Some(&compensating(&[Step::GiveUpDelivery])));
    commands.push(did(&[Step::GiveUpDelivery]).into());
    assert_eq!(told(commands.clone()).last(), Some(&compensating(&[Step::RefundPayment])));
    commands.push(did(&[Step::RefundPayment]).into());
    given::<OrderFulfilment>(told(commands.clone()))
        .when(observe([Fact::PaymentRefunded]))
        .then([seen(Fact::PaymentRefunded), completed(FulfilmentOutcome::WrittenOff)]);
    let restocked = told(commands).iter().any(|event| {
        matches!(event, Event::CompensationsPlanned(planned)
            if planned.effects.iter().any(|effect| releases().contains(&effect.step)))
    });
    assert!(!restocked, "the goods are written off, not restocked");
}

#[test]
fn a_second_delivery_that_arrives_ends_it_well() {
    let mut commands = until_shipped();
    commands.extend([
        observe([Fact::DeliveryFailed(first_delivery())]).into(),
        did(&[Step::RescheduleDelivery]).into(),
        observe([Fact::DeliveryCompleted(second_delivery())]).into(),
        did(&[Step::MarkDelivered]).into(),
    ]);
    assert_eq!(told(commands).last(), Some(&completed(FulfilmentOutcome::Delivered)));
}

#[test]
fn a_step_that_fails_technically_waits_and_is_tried_again() {
    let retry_at = due_at() - TimeDelta::minutes(20);
    let before = told([placed().into(), did(&holds()).into()]);
    given::<OrderFulfilment>(before.clone()).when(failed(Step::RequestPayment, Some(retry_at))).then([
        EffectFailed { step: Step::RequestPayment, attempt: 1, error: "no answer".to_owned(), retry_at }
            .into(),
    ]);
    let waiting = OrderFulfilment::fold(&told([
        placed().into(),
        did(&holds()).into(),
        failed(Step::RequestPayment, Some(retry_at)).into(),
    ]));
    assert_eq!(waiting.due(retry_at - TimeDelta::milliseconds(1)), []);
    assert_eq!(waiting.due(retry_at), [(Step::RequestPayment, 1)]);
    assert_eq!(waiting.deadlines(), [(DeadlineKind::Payment, due_at()), (DeadlineKind::Retry, retry_at)]);
}

#[test]
fn a_step_that_keeps_failing_is_parked_and_seen() {
    let mut commands = vec![placed().into(), did(&holds()).into()];
    commands.extend([Some(due_at()), Some(due_at())].map(|at| failed(Step::RequestPayment, at).into()));
    given::<OrderFulfilment>(told(commands.clone())).when(failed(Step::RequestPayment, None)).then([
        EffectParked { step: Step::RequestPayment, attempts: 3, error: "no answer".to_owned() }.into(),
    ]);
    commands.push(failed(Step::RequestPayment, None).into());
    let parked = OrderFulfilment::fold(&told(commands));
    assert_eq!(parked.parked().collect::<Vec<_>>(), [Step::RequestPayment]);
    assert_eq!(parked.stands_at(), Some("request_payment"));
    assert_eq!(parked.due(due_at()), [], "a person decides");
    assert_eq!(parked.deadlines(), [(DeadlineKind::Payment, due_at())]);
}

#[test]
fn a_compensation_that_fails_does_not_keep_those_after_it_waiting() {
    let mut commands = until_confirmed();
    commands.extend([
        observe([Fact::OrderCancelled(CancelReason::BuyerRequest)]).into(),
        did(&[Step::CancelDelivery]).into(),
    ]);
    let retry_at = due_at();
    given::<OrderFulfilment>(told(commands)).when(failed(Step::RefundPayment, Some(retry_at))).then([
        EffectFailed { step: Step::RefundPayment, attempt: 1, error: "no answer".to_owned(), retry_at }
            .into(),
        compensating(&releases()),
    ]);
}

#[test]
fn a_compensation_that_is_parked_keeps_the_fulfilment_open() {
    let mut commands = until_confirmed();
    commands.extend([
        observe([Fact::OrderCancelled(CancelReason::BuyerRequest)]).into(),
        did(&[Step::CancelDelivery]).into(),
        refused(Step::RefundPayment, "the charge is disputed").into(),
        did(&releases()).into(),
    ]);
    let state = OrderFulfilment::fold(&told(commands));
    assert_eq!(state.parked().collect::<Vec<_>>(), [Step::RefundPayment]);
    assert_eq!(state.outcome, None);
}

#[test]
fn a_fact_that_comes_again_says_nothing_new() {
    for (commands, fact) in [
        (until_confirmed(), Fact::PaymentCaptured),
        (until_shipped(), Fact::OrderShipped(first_delivery())),
        (until_shipped(), Fact::PaymentCaptured),
    ] {
        given::<OrderFulfilment>(told(commands)).when(observe([fact])).then_nothing();
    }
    given::<OrderFulfilment>(told(until_confirmed())).when(placed()).then_nothing();
    given::<OrderFulfilment>(told(until_confirmed())).when(did(&holds())).then_nothing();
}

#[test]
fn orders_of_another_conductor_are_left_to_it() {
    let imported = StartFulfilment { conductor: Conductor::Import, ..start() };
    given::<OrderFulfilment>([])
        .when(Observe { start: Some(imported.clone()), ..observe([]) })
        .then_refused(OrderFulfilmentRefusal::OtherConductor);
    let import = Observe { conductor: Conductor::Import, start: Some(imported), facts: vec![] };
    given::<OrderFulfilment>(told([import.into()]))
        .when(observe([Fact::PaymentCaptured]))
        .then_refused(OrderFulfilmentRefusal::OtherConductor);
    given::<OrderFulfilment>([]).when(observe([Fact::PaymentCaptured])).then_nothing();
}

#[test]
fn the_same_step_of_the_same_order_always_has_the_same_id_and_no_other_has_it() {
    let mut ids: Vec<Uuid> =
        Step::all(apples()).into_iter().map(|step| effect_id(order_id(), step)).collect();
    ids.extend(
        Step::all(apples()).into_iter().map(|step| effect_id(OrderId::from_uuid(Uuid::now_v7()), step)),
    );
    ids.extend([
        effect_id(order_id(), Step::HoldStock(pears())),
        first_delivery().uuid(),
        second_delivery().uuid(),
    ]);
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert_eq!(effect_id(order_id(), Step::ConfirmOrder), effect_id(order_id(), Step::ConfirmOrder));
}

#[test]
fn a_recorded_event_is_read_again_as_it_was() {
    for event in told(until_shipped()) {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
}
