//! What must be so: at any moment, and when nothing can happen any more.

use super::*;

pub(super) fn holds_at_any_moment(world: &World) {
    for product in &world.products {
        assert!(product.held <= product.on_hand, "oversold");
    }
    // Every fact that was seen says nothing new.
    let facts = world.facts[..world.seen].to_vec();
    let again = Observe { conductor: Conductor::ProcessManager, start: Some(world.start()), facts };
    assert_eq!(world.fulfilment.decide(&again.into()), Ok(vec![]));
    // Every effect that is done can be done again, and changes nothing.
    for (step, progress) in &world.fulfilment.effects {
        if let Progress::Done = progress {
            let mut after = world.clone();
            let again = after.perform(*step);
            assert!(!matches!(again, Outcome::Failed { .. }), "{step} again: {again:?}");
            assert!(after == *world, "{step} again changes something");
        }
    }
    // Every message of the provider that was heard says nothing new, whenever it comes again.
    for webhook in &world.heard {
        let mut after = world.clone();
        after.told(*webhook);
        assert!(after == *world, "{webhook:?} again changes something");
    }
    if world.fulfilment.paused {
        intervention::holds_while_paused(&world.fulfilment);
    }
    // What is kept, and what is given back or on its way, is what was paid.
    if let Some(captured) = world.order.payment.captured {
        let differences: i64 = world.order.adjustments.iter().map(|change| change.refund.hundredths()).sum();
        let costs: i64 = world.order.lines_now().map(|line| line.total.hundredths()).sum();
        assert_eq!(costs + differences, captured.hundredths());
    }
    let paid_back = world.order.payment.refund_id.is_some();
    assert!(!paid_back || world.charge == Charge::Refunded);
}

/// Nothing can happen any more: what must be so? Says how it ended.
pub(super) fn holds_at_the_end(world: &World) -> String {
    let took = i64::from(!matches!(world.fulfilment.outcome, Some(FulfilmentOutcome::Cancelled { .. })));
    let lines = world.order.lines_now();
    for ((product, stock), line) in world.products.iter().zip(&world.stock).zip(lines) {
        assert!(product.holds.is_empty(), "a hold is left");
        let left = stock.thousandths() - took * line.quantity.thousandths();
        assert_eq!(
            product.on_hand.thousandths(),
            left,
            "goods left that are on hand, or a cancelled order took them"
        );
    }
    end_of(world)
}

/// What must be so of one order when nothing can happen any more, but for its products. Says how it ended.
pub(super) fn end_of(world: &World) -> String {
    let (order, fulfilment) = (&world.order, &world.fulfilment);
    let describe = || serde_json::to_string_pretty(world).unwrap();
    let outcome = fulfilment.outcome.unwrap_or_else(|| panic!("it never ends: {}", describe()));
    assert_eq!(fulfilment.stands_at(), None);
    assert!(fulfilment.deadlines().is_empty(), "it waits after its end: {}", describe());
    let given_back = world.given_back_in_all();
    let differences: i64 = order.adjustments.iter().map(|change| change.refund.hundredths()).sum();
    let captured = order.payment.captured.map_or(0, |captured| captured.hundredths());
    let kept = if outcome == FulfilmentOutcome::Delivered { captured - differences } else { 0 };
    assert_eq!(given_back + kept, captured, "{}", describe());
    assert_eq!(fulfilment.differences_back.len(), world.order.adjustments.len(), "{}", describe());
    match outcome {
        FulfilmentOutcome::Cancelled { reason } => {
            assert_eq!(order.status, OrderStatus::Cancelled);
            assert_eq!(order.cancelled.as_ref().map(|cancelled| cancelled.reason), Some(reason));
            // A payment that is left open on purpose, and of which nobody was told.
            let left_open = world.charge == Charge::Open
                && fulfilment.progress(Step::WithdrawPayment) == Some(&Progress::Skipped)
                && order.payment.intent_id.is_none();
            assert!(
                left_open || matches!(world.charge, Charge::None | Charge::Canceled | Charge::Refunded),
                "money is left, or can still be paid: {}",
                describe()
            );
            let status = order.payment.status;
            assert_eq!(world.charge == Charge::Refunded, status == PaymentStatus::Refunded, "{}", describe());
            assert!(world.deliveries.values().all(|delivery| {
                delivery.scheduled.is_none()
                    || delivery.status == DeliveryStatus::Cancelled
                    || fulfilment.progress(Step::CancelDelivery) == Some(&Progress::Skipped)
            }));
            format!("cancelled {} {status:?}", reason.as_str())
        }
        FulfilmentOutcome::Delivered => {
            assert_eq!(order.status, OrderStatus::Delivered);
            assert_eq!((world.charge, order.payment.status), (Charge::Paid, PaymentStatus::Captured));
            format!("delivered {}", world.deliveries.len())
        }
        FulfilmentOutcome::WrittenOff => {
            assert!(order.undeliverable);
            assert_eq!((world.charge, order.payment.status), (Charge::Refunded, PaymentStatus::Refunded));
            "written off".to_owned()
        }
    }
}
