use agrodeep_domain::{
    delivery::DeliveryWindow,
    order::{
        AdjustedBy, AdjustmentCause, CancelReason, DeliveryAgreed, DeliveryGivenUp, DeliveryRescheduled,
        DifferenceStatus, LineAdjusted, OrderCancelled, OrderDelivery, OrderStatus, PartialRefundRequested,
        PartialRefunded, PaymentDeclined, PaymentRefunded, PaymentStatus, RefundRequested,
    },
};

use super::{
    market::{Market, SYSTEM},
    story::{Story, address, busy, day, euros, line, offered, somebody, text, tomatoes, tracking_number},
};
use crate::{
    Page,
    orders::{ItemStatus, Order, OrderFilter},
};

async fn order(story: &Story<'_>) -> Order {
    story.market.project().await;
    story.market.reads.order(story.id).await.unwrap().unwrap()
}

fn statuses(order: &Order) -> Vec<ItemStatus> {
    order.items.iter().map(|item| item.status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_its_way_and_so_do_its_lines() {
    let market = Market::open().await;
    let (marie, paul, buyer) = (somebody(), somebody(), somebody());
    let tomato = offered(&market, marie, tomatoes(), 250).await;
    let pear = offered(&market, paul, tomatoes(), 300).await;
    let lines = vec![line(tomato, marie, 2000, 250), line(pear, paul, 1500, 300)];
    let story = Story::placed(&market, buyer, lines).await;
    let placed_at = market.now();

    let seen = order(&story).await;
    assert_eq!((seen.status, seen.payment.status), (OrderStatus::Pending, PaymentStatus::None));
    assert_eq!(
        (seen.buyer_id, seen.total, seen.number.to_string().as_str()),
        (buyer, euros(950), "ORD-2024-08-16-0001")
    );
    assert_eq!((seen.shipping_address.reveal(), seen.billing_address.as_ref()), (&address(), None));
    assert_eq!(seen.preferred_delivery_date, Some(day()));
    assert_eq!(seen.notes.as_ref().unwrap().reveal(), "sonner deux fois");
    assert_eq!((seen.created_at, seen.updated_at, seen.version), (placed_at, placed_at, 1));
    assert_eq!(seen.items[1].name, text("Tomates", "Tomatoes"));
    assert_eq!((seen.items[1].total, seen.items[1].unit_price), (euros(450), euros(300)));
    assert_eq!(seen.items[1].notes.as_ref().unwrap().reveal(), "bien mûres");
    assert_eq!(statuses(&seen), [ItemStatus::Pending; 2]);

    story.hold(0).await;
    let seen = order(&story).await;
    assert_eq!(statuses(&seen), [ItemStatus::Reserved, ItemStatus::Pending]);
    assert_eq!((seen.version, seen.updated_at), (1, market.now()));

    story.hold(1).await;
    story.paid().await;
    story.scheduled().await;
    story.confirmed().await;
    let seen = order(&story).await;
    assert_eq!((seen.status, seen.payment.status), (OrderStatus::Confirmed, PaymentStatus::Captured));
    assert_eq!(seen.payment.captured, Some(euros(950)));
    let delivery =
        OrderDelivery { delivery_id: story.delivery, tracking_number: tracking_number(), attempt: 1 };
    assert_eq!(seen.delivery, Some(delivery));
    assert_eq!(statuses(&seen), [ItemStatus::Reserved; 2]);

    story.prepared(marie, false).await;
    let seen = order(&story).await;
    assert_eq!(statuses(&seen), [ItemStatus::Prepared, ItemStatus::Reserved]);
    assert!(!seen.ready_for_pickup);

    story.prepared(paul, true).await;
    story.shipped().await;
    let seen = order(&story).await;
    assert!(seen.ready_for_pickup);
    assert_eq!((seen.status, statuses(&seen)), (OrderStatus::Shipped, vec![ItemStatus::Shipped; 2]));

    story.delivered().await;
    let seen = order(&story).await;
    assert_eq!((seen.status, statuses(&seen)), (OrderStatus::Delivered, vec![ItemStatus::Delivered; 2]));
    let steps: Vec<_> = seen.status_history.iter().map(|step| step.status).collect();
    assert_eq!(
        steps,
        [
            OrderStatus::Pending,
            OrderStatus::Confirmed,
            OrderStatus::Processing,
            OrderStatus::Shipped,
            OrderStatus::Delivered
        ]
    );
    assert_eq!(
        (seen.status_history[0].at, &seen.status_history[0].actor),
        (placed_at, &format!("buyer:{buyer}"))
    );
    assert_eq!(seen.status_history[2].actor, format!("producer:{marie}"));
    assert_eq!(seen.status_history[4].at, market.now());
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_at_once_or_step_by_step_makes_the_same_rows() {
    let market = Market::open().await;
    busy(&market, 12).await;
    let head = market.log.head().await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let mut runner = market.runner::<crate::orders::OrdersProjection>().await.batches_of(1);
    runner.run_until(head, &stop).await;
    let mut runner = market.runner::<crate::deliveries::DeliveriesProjection>().await.batches_of(3);
    runner.run_until(head, &stop).await;
    market.project().await;
    // The rebuild takes everything in at once.
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.rows["orders"], 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_shows_why_and_where_the_money_is() {
    let market = Market::open().await;
    let (marie, buyer) = (somebody(), somebody());
    let product = offered(&market, marie, tomatoes(), 250).await;
    let other = offered(&market, marie, tomatoes(), 250).await;
    let lines = vec![line(product, marie, 2000, 250), line(other, marie, 1000, 250)];
    let story = Story::placed(&market, buyer, lines).await;
    story.hold(0).await;
    story.paid().await;
    let cancelled = OrderCancelled {
        reason: CancelReason::BuyerRequest,
        note: Some("trop tard".to_owned().into()),
        refund_due: Some(euros(750)),
    };
    story.order(&format!("buyer:{buyer}"), cancelled).await;
    let seen = order(&story).await;
    assert_eq!(seen.status, OrderStatus::Cancelled);
    // Nothing was held for the second line, so nothing is kept for it any more.
    assert_eq!(statuses(&seen), [ItemStatus::Reserved, ItemStatus::Released]);
    let cancellation = seen.cancellation.unwrap();
    assert_eq!(cancellation.reason, CancelReason::BuyerRequest);
    assert_eq!(cancellation.note.unwrap().reveal(), "trop tard");
    assert_eq!(cancellation.refund_due, Some(euros(750)));

    story.release(0).await;
    story.order(SYSTEM, RefundRequested { intent_id: "pi_1".to_owned(), amount: euros(750) }).await;
    let seen = order(&story).await;
    assert_eq!(seen.payment.status, PaymentStatus::RefundRequested);
    assert_eq!(statuses(&seen), [ItemStatus::Released; 2]);

    let refunded = PaymentRefunded {
        refund_id: "re_1".to_owned(),
        amount: euros(750),
        provider_event_id: "evt_2".to_owned(),
    };
    story.order("system:payment_provider", refunded).await;
    let seen = order(&story).await;
    assert_eq!((seen.payment.status, seen.payment.refunded), (PaymentStatus::Refunded, Some(euros(750))));
    assert_eq!(seen.payment.refund_id.as_deref(), Some("re_1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_and_a_delivery_that_is_given_up_are_shown() {
    let market = Market::open().await;
    let marie = somebody();
    let product = offered(&market, marie, tomatoes(), 250).await;
    let story = Story::placed(&market, somebody(), vec![line(product, marie, 2000, 250)]).await;
    let declined = PaymentDeclined {
        intent_id: "pi_1".to_owned(),
        code: "card_declined".to_owned(),
        provider_event_id: "evt_0".to_owned(),
    };
    story.order("system:payment_provider", declined).await;
    let seen = order(&story).await;
    assert_eq!(seen.payment.status, PaymentStatus::Declined);
    assert_eq!(seen.payment.decline_code.as_deref(), Some("card_declined"));

    story.confirmed().await;
    let rescheduled =
        DeliveryRescheduled { delivery_id: story.delivery, tracking_number: tracking_number(), attempt: 2 };
    story.order(SYSTEM, rescheduled).await;
    story.order(SYSTEM, DeliveryGivenUp { delivery_id: story.delivery }).await;
    let seen = order(&story).await;
    assert_eq!(seen.delivery.unwrap().attempt, 2);
    assert!(seen.undeliverable);
}

#[tokio::test(flavor = "multi_thread")]
async fn buyers_and_producers_list_their_own_orders_newest_first() {
    let market = Market::open().await;
    let (marie, paul, buyer) = (somebody(), somebody(), somebody());
    let tomato = offered(&market, marie, tomatoes(), 250).await;
    let pear = offered(&market, paul, tomatoes(), 300).await;
    let first = Story::placed(&market, buyer, vec![line(tomato, marie, 1000, 250)]).await;
    let both = vec![line(tomato, marie, 1000, 250), line(pear, paul, 1000, 300)];
    let second = Story::placed(&market, buyer, both).await;
    let others = Story::placed(&market, somebody(), vec![line(tomato, marie, 1000, 250)]).await;
    second.confirmed().await;
    market.project().await;

    let list = |filter: OrderFilter, page| {
        let market = &market;
        async move {
            let page = market.reads.orders(&filter, Page { page, limit: 2 }).await.unwrap();
            assert!(page.items.iter().all(|order| !order.items.is_empty()));
            (page.items.iter().map(|order| order.order_id).collect::<Vec<_>>(), page.total)
        }
    };
    let of_buyer = OrderFilter { buyer: Some(buyer), ..Default::default() };
    assert_eq!(list(of_buyer, 1).await, (vec![second.id, first.id], 2));
    let pending = OrderFilter { status: Some(OrderStatus::Pending), ..of_buyer };
    assert_eq!(list(pending, 1).await, (vec![first.id], 1));
    let of_marie = OrderFilter { producer: Some(marie), ..Default::default() };
    assert_eq!(list(of_marie, 1).await, (vec![others.id, second.id], 3));
    assert_eq!(list(of_marie, 2).await, (vec![first.id], 3));
    let of_paul = OrderFilter { producer: Some(paul), ..Default::default() };
    assert_eq!(list(of_paul, 1).await, (vec![second.id], 1));
    let confirmed = OrderFilter { status: Some(OrderStatus::Confirmed), ..of_marie };
    assert_eq!(list(confirmed, 1).await, (vec![second.id], 1));
    assert_eq!(list(OrderFilter::default(), 1).await.1, 3);
    assert_eq!(list(OrderFilter { buyer: Some(somebody()), ..Default::default() }, 1).await, (vec![], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_that_was_agreed_on_is_seen_in_whichever_batch_it_comes() {
    let market = Market::open().await;
    let marie = somebody();
    let tomato = offered(&market, marie, tomatoes(), 250).await;
    let agreed = DeliveryAgreed { day: day(), window: DeliveryWindow::of_day(day()) };
    let one = Story::placed(&market, somebody(), vec![line(tomato, marie, 2000, 250)]).await;
    one.order("buyer", agreed.clone()).await;
    assert_eq!(order(&one).await.agreed_delivery.as_ref(), Some(&agreed));

    let two = Story::placed(&market, somebody(), vec![line(tomato, marie, 2000, 250)]).await;
    assert_eq!(order(&two).await.agreed_delivery, None);
    two.hold(0).await;
    two.order("buyer", agreed.clone()).await;
    let seen = order(&two).await;
    assert_eq!((seen.agreed_delivery.as_ref(), seen.version), (Some(&agreed), 2));
    assert_eq!(statuses(&seen), [ItemStatus::Reserved]);
    // What comes later leaves it there.
    two.paid().await;
    assert_eq!(order(&two).await.agreed_delivery, Some(agreed));
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_becomes_less_says_who_has_changed_it_why_and_where_the_difference_is() {
    let market = Market::open().await;
    let (marie, buyer) = (somebody(), somebody());
    let product = offered(&market, marie, tomatoes(), 250).await;
    let other = offered(&market, marie, tomatoes(), 250).await;
    let lines = vec![line(product, marie, 2000, 250), line(other, marie, 1000, 250)];
    let story = Story::placed(&market, buyer, lines).await;
    story.hold(0).await;
    story.hold(1).await;
    story.paid().await;
    story.scheduled().await;
    story.confirmed().await;
    let less = LineAdjusted {
        adjustment: 1,
        product_id: product,
        quantity: "1.5".parse().unwrap(),
        total: euros(375),
        by: AdjustedBy::Producer,
        cause: AdjustmentCause::PartlyAvailable,
        note: Some("le gel".to_owned().into()),
        refund: euros(125),
        ready_for_pickup: false,
    };
    let actor = format!("producer:{marie}");
    story.order(&actor, less.clone()).await;
    let changed_at = market.now();
    let seen = order(&story).await;
    assert_eq!((seen.total, seen.total_left()), (euros(750), euros(625)));
    assert_eq!(seen.left_of(&seen.items[0]), ("1.5".parse().unwrap(), euros(375)));
    assert_eq!(seen.left_of(&seen.items[1]), (seen.items[1].quantity, euros(250)));
    let change = &seen.adjustments[0];
    assert_eq!((change.adjustment, change.product_id, change.at), (1, product, changed_at));
    assert_eq!((&change.actor, change.by, change.cause), (&actor, less.by, less.cause));
    assert_eq!(change.note.as_ref().map(|note| note.reveal().as_str()), Some("le gel"));
    assert_eq!((change.refund, change.refund_status), (euros(125), DifferenceStatus::Due));

    let intent_id = "pi_1".to_owned();
    story.order(SYSTEM, PartialRefundRequested { adjustment: 1, intent_id, amount: euros(125) }).await;
    assert_eq!(order(&story).await.adjustments[0].refund_status, DifferenceStatus::Requested);
    let refunded = PartialRefunded {
        adjustment: 1,
        refund_id: "re_1".to_owned(),
        amount: euros(125),
        provider_event_id: "evt_2".to_owned(),
    };
    story.order("system:payment_provider", refunded).await;
    let out = LineAdjusted {
        adjustment: 2,
        product_id: other,
        quantity: "0".parse().unwrap(),
        total: euros(0),
        by: AdjustedBy::Buyer,
        cause: AdjustmentCause::Cancelled,
        note: None,
        refund: euros(250),
        ready_for_pickup: true,
    };
    story.order(&format!("buyer:{buyer}"), out).await;
    let seen = order(&story).await;
    assert_eq!(seen.payment.status, PaymentStatus::Captured, "a difference is not all of the money");
    assert_eq!(seen.adjustments[0].refund_status, DifferenceStatus::Refunded);
    assert_eq!(seen.adjustments[0].refund_id.as_deref(), Some("re_1"));
    assert_eq!((seen.adjustments.len(), seen.total_left()), (2, euros(375)));
    assert!(seen.ready_for_pickup);

    // Of a line of nothing, nothing goes its way.
    story.release(1).await;
    story.prepared(marie, true).await;
    assert_eq!(statuses(&order(&story).await), [ItemStatus::Prepared, ItemStatus::Released]);
}
