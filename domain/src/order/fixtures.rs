//! An order of tomatoes (from Marie) and basil (from Paul), and what happens to it.
#![allow(clippy::unwrap_used)]

use super::{
    AdjustedBy, AdjustmentCause, CancelOrder, CancelReason, Canceller, CapturePayment, Conductor,
    ConfirmOrder, ConfirmRefund, DeclinePayment, DeliveryGivenUp, DeliveryRescheduled, LineAdjusted,
    LinesPrepared, Order, OrderCancelled, OrderConfirmed, OrderDelivered, OrderEvent, OrderLine, OrderPlaced,
    OrderShipped, PartialRefundRequested, PartialRefunded, PaymentCaptured, PaymentDeclined, PaymentRefunded,
    PaymentRequested, PlaceOrder, RefundOf, RefundRequested, RequestPayment,
};
use crate::{AccountId, Money, OrderId, Personal, fixtures::*, testing::given};

pub(crate) const INTENT: &str = "pi_3PoB";
pub(crate) const MESSAGE: &str = "evt_1PoC";
pub(crate) const REFUND: &str = "re_1PoD";

pub(crate) fn id() -> OrderId {
    order_id(100)
}

pub(crate) fn line(product: u128, producer_id: AccountId, amount: &str, price: &str) -> OrderLine {
    let (unit_price, quantity) = (money(price), quantity(amount));
    OrderLine {
        product_id: product_id(product),
        producer_id,
        name: in_french("Tomates"),
        quantity,
        unit: "kg".parse().unwrap(),
        unit_price,
        total: unit_price.times(quantity).unwrap(),
        notes: None,
    }
}

/// 2.5 kg of tomatoes at 4.50 and 3 of basil at 0.75.
pub(crate) fn place() -> PlaceOrder {
    PlaceOrder {
        order_id: id(),
        number: order_number(),
        buyer_id: buyer(),
        lines: vec![line(10, marie(), "2.5", "4.50 EUR"), line(11, paul(), "3", "0.75 EUR")],
        shipping_address: address(),
        billing_address: None,
        preferred_delivery_date: Some(day()),
        agreed_delivery: None,
        notes: Some("Sonner deux fois".to_owned()),
        expires_at: time("2024-08-15T10:30:00Z"),
        conductor: Conductor::ProcessManager,
    }
}

pub(crate) fn total() -> Money {
    money("13.50 EUR")
}

pub(crate) fn placed() -> OrderEvent {
    let place = place();
    OrderPlaced {
        order_id: place.order_id,
        number: place.number,
        buyer_id: place.buyer_id,
        lines: place.lines,
        total: total(),
        shipping_address: place.shipping_address.into(),
        billing_address: None,
        preferred_delivery_date: place.preferred_delivery_date,
        notes: place.notes.map(Personal::new),
        expires_at: place.expires_at,
        conductor: place.conductor,
    }
    .into()
}

pub(crate) fn request() -> RequestPayment {
    RequestPayment { intent_id: INTENT.to_owned() }
}

pub(crate) fn requested() -> OrderEvent {
    PaymentRequested { intent_id: INTENT.to_owned(), amount: total() }.into()
}

pub(crate) fn capture() -> CapturePayment {
    CapturePayment { intent_id: INTENT.to_owned(), amount: total(), provider_event_id: MESSAGE.to_owned() }
}

pub(crate) fn captured() -> OrderEvent {
    PaymentCaptured { intent_id: INTENT.to_owned(), amount: total(), provider_event_id: MESSAGE.to_owned() }
        .into()
}

pub(crate) fn decline() -> DeclinePayment {
    DeclinePayment {
        intent_id: INTENT.to_owned(),
        code: "card_declined".to_owned(),
        provider_event_id: MESSAGE.to_owned(),
    }
}

pub(crate) fn declined() -> OrderEvent {
    PaymentDeclined {
        intent_id: INTENT.to_owned(),
        code: "card_declined".to_owned(),
        provider_event_id: MESSAGE.to_owned(),
    }
    .into()
}

pub(crate) fn confirm() -> ConfirmOrder {
    ConfirmOrder { delivery_id: delivery_id(1), tracking_number: tracking_number(1) }
}

pub(crate) fn confirmed() -> OrderEvent {
    OrderConfirmed { delivery_id: delivery_id(1), tracking_number: tracking_number(1) }.into()
}

pub(crate) fn prepared(producer_id: AccountId, ready_for_pickup: bool) -> OrderEvent {
    LinesPrepared { producer_id, ready_for_pickup }.into()
}

pub(crate) fn shipped() -> OrderEvent {
    OrderShipped { delivery_id: delivery_id(1) }.into()
}

pub(crate) fn delivered() -> OrderEvent {
    OrderDelivered { delivery_id: delivery_id(1) }.into()
}

pub(crate) fn cancel() -> CancelOrder {
    CancelOrder { by: Canceller::Buyer(buyer()), note: None }
}

pub(crate) fn cancelled(reason: CancelReason, refund_due: Option<Money>) -> OrderEvent {
    OrderCancelled { reason, note: None, refund_due }.into()
}

pub(crate) fn cancelled_unpaid() -> OrderEvent {
    cancelled(CancelReason::BuyerRequest, None)
}

pub(crate) fn cancelled_paid() -> OrderEvent {
    cancelled(CancelReason::BuyerRequest, Some(total()))
}

pub(crate) fn refund_requested() -> OrderEvent {
    RefundRequested { intent_id: INTENT.to_owned(), amount: total() }.into()
}

pub(crate) fn confirm_refund() -> ConfirmRefund {
    ConfirmRefund {
        intent_id: INTENT.to_owned(),
        refund_id: REFUND.to_owned(),
        amount: total(),
        provider_event_id: MESSAGE.to_owned(),
        of: RefundOf::Rest,
    }
}

pub(crate) fn refunded() -> OrderEvent {
    PaymentRefunded { refund_id: REFUND.to_owned(), amount: total(), provider_event_id: MESSAGE.to_owned() }
        .into()
}

pub(crate) fn rescheduled() -> OrderEvent {
    DeliveryRescheduled { delivery_id: delivery_id(2), tracking_number: tracking_number(2), attempt: 2 }
        .into()
}

pub(crate) fn given_up() -> OrderEvent {
    DeliveryGivenUp { delivery_id: delivery_id(1) }.into()
}

/// What has happened to an order that is awaiting its payment.
pub(crate) fn until_requested() -> Vec<OrderEvent> {
    vec![placed(), requested()]
}

/// What has happened to an order that is paid but not confirmed.
pub(crate) fn until_paid() -> Vec<OrderEvent> {
    [until_requested(), vec![captured()]].concat()
}

/// What has happened to a confirmed order.
pub(crate) fn until_confirmed() -> Vec<OrderEvent> {
    [until_paid(), vec![confirmed()]].concat()
}

/// What has happened to an order of which only Marie has prepared her lines.
pub(crate) fn until_processing() -> Vec<OrderEvent> {
    [until_confirmed(), vec![prepared(marie(), false)]].concat()
}

/// What has happened to an order that can be picked up.
pub(crate) fn until_ready() -> Vec<OrderEvent> {
    [until_processing(), vec![prepared(paul(), true)]].concat()
}

/// What has happened to an order that the driver has.
pub(crate) fn until_shipped() -> Vec<OrderEvent> {
    [until_ready(), vec![shipped()]].concat()
}

/// What has happened to an order that the buyer has.
pub(crate) fn until_delivered() -> Vec<OrderEvent> {
    [until_shipped(), vec![delivered()]].concat()
}

/// The order after `events`, for questions about its state.
pub(crate) fn order(events: Vec<OrderEvent>) -> Order {
    given(events).state()
}

/// `events` and then `last`.
pub(crate) fn and(mut events: Vec<OrderEvent>, last: OrderEvent) -> Vec<OrderEvent> {
    events.push(last);
    events
}

/// Paul has none of the basil.
pub(crate) fn basil_is_out() -> LineAdjusted {
    LineAdjusted {
        adjustment: 1,
        product_id: product_id(11),
        quantity: quantity("0"),
        total: money("0.00 EUR"),
        by: AdjustedBy::Producer,
        cause: AdjustmentCause::NotAvailable,
        note: None,
        refund: money("2.25 EUR"),
        ready_for_pickup: false,
    }
}

/// What has happened to a confirmed order of which there is no basil.
pub(crate) fn until_basil_is_out() -> Vec<OrderEvent> {
    and(until_confirmed(), basil_is_out().into())
}

/// Called off after that: the rest is due.
pub(crate) fn cancelled_with_less() -> OrderEvent {
    cancelled(CancelReason::BuyerRequest, Some(money("11.25 EUR")))
}

pub(crate) fn difference_requested() -> OrderEvent {
    PartialRefundRequested { adjustment: 1, intent_id: INTENT.to_owned(), amount: money("2.25 EUR") }.into()
}

pub(crate) fn difference_refunded() -> OrderEvent {
    PartialRefunded {
        adjustment: 1,
        refund_id: "re_difference".to_owned(),
        amount: money("2.25 EUR"),
        provider_event_id: MESSAGE.to_owned(),
    }
    .into()
}
