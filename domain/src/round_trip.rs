//! Every event is read from JSON as it was written, and in the form that `cqrs-es` keeps.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    Aggregate, DomainEvent, account::*, delivery::*, delivery_terms::*, delivery_track::*, order::*,
    product::*, strategies::*,
};

fn order_line() -> impl Strategy<Value = OrderLine> {
    (
        (product_id(), account_id(), localized_text(), quantity()),
        (unit(), money(), money(), option::of(personal())),
    )
        .prop_map(|((product_id, producer_id, name, quantity), (unit, unit_price, total, notes))| {
            OrderLine { product_id, producer_id, name, quantity, unit, unit_price, total, notes }
        })
}

fn order_placed() -> impl Strategy<Value = OrderPlaced> {
    let conductor = prop_oneof![Just(Conductor::ProcessManager), Just(Conductor::Import)];
    (
        (order_id(), order_number(), account_id(), vec(order_line(), 0..4), money(), address()),
        (option::of(address()), option::of(day()), option::of(personal()), time(), conductor),
    )
        .prop_map(
            |(
                (order_id, number, buyer_id, lines, total, shipping),
                (billing, preferred_delivery_date, notes, expires_at, conductor),
            )| OrderPlaced {
                order_id,
                number,
                buyer_id,
                lines,
                total,
                shipping_address: shipping.into(),
                billing_address: billing.map(Into::into),
                preferred_delivery_date,
                notes,
                expires_at,
                conductor,
            },
        )
}

fn cancel_reason() -> impl Strategy<Value = CancelReason> {
    prop_oneof![
        Just(CancelReason::BuyerRequest),
        Just(CancelReason::AdminDecision),
        Just(CancelReason::StockUnavailable),
        Just(CancelReason::PaymentFailed),
        Just(CancelReason::PaymentTimeout),
        Just(CancelReason::DeliveryUnavailable),
    ]
}

fn line_adjusted() -> impl Strategy<Value = LineAdjusted> {
    let by = prop_oneof![Just(AdjustedBy::Producer), Just(AdjustedBy::Buyer), Just(AdjustedBy::Admin)];
    let cause = prop_oneof![
        Just(AdjustmentCause::NotAvailable),
        Just(AdjustmentCause::PartlyAvailable),
        Just(AdjustmentCause::Weighed),
        Just(AdjustmentCause::Cancelled),
    ];
    (
        (any::<u32>(), product_id(), quantity(), money()),
        (by, cause, option::of(personal()), money(), any::<bool>()),
    )
        .prop_map(
            |((adjustment, product_id, quantity, total), (by, cause, note, refund, ready_for_pickup))| {
                LineAdjusted {
                    adjustment,
                    product_id,
                    quantity,
                    total,
                    by,
                    cause,
                    note,
                    refund,
                    ready_for_pickup,
                }
            },
        )
}

pub(crate) fn order_event() -> impl Strategy<Value = OrderEvent> {
    prop_oneof![
        order_placed().prop_map(Into::into),
        (day(), time(), time()).prop_map(|(day, from, until)| DeliveryAgreed {
            day,
            window: DeliveryWindow { from, until }
        }
        .into()),
        (text(), money()).prop_map(|(intent_id, amount)| PaymentRequested { intent_id, amount }.into()),
        (text(), money(), text()).prop_map(|(intent_id, amount, provider_event_id)| {
            PaymentCaptured { intent_id, amount, provider_event_id }.into()
        }),
        (text(), text(), text()).prop_map(|(intent_id, code, provider_event_id)| {
            PaymentDeclined { intent_id, code, provider_event_id }.into()
        }),
        (delivery_id(), tracking_number()).prop_map(|(delivery_id, tracking_number)| {
            OrderConfirmed { delivery_id, tracking_number }.into()
        }),
        (account_id(), any::<bool>()).prop_map(|(producer_id, ready_for_pickup)| {
            LinesPrepared { producer_id, ready_for_pickup }.into()
        }),
        delivery_id().prop_map(|delivery_id| OrderShipped { delivery_id }.into()),
        delivery_id().prop_map(|delivery_id| OrderDelivered { delivery_id }.into()),
        (cancel_reason(), option::of(personal()), option::of(money()))
            .prop_map(|(reason, note, refund_due)| OrderCancelled { reason, note, refund_due }.into()),
        (text(), money()).prop_map(|(intent_id, amount)| RefundRequested { intent_id, amount }.into()),
        (text(), money(), text()).prop_map(|(refund_id, amount, provider_event_id)| {
            PaymentRefunded { refund_id, amount, provider_event_id }.into()
        }),
        (delivery_id(), tracking_number(), any::<u32>()).prop_map(
            |(delivery_id, tracking_number, attempt)| {
                DeliveryRescheduled { delivery_id, tracking_number, attempt }.into()
            }
        ),
        delivery_id().prop_map(|delivery_id| DeliveryGivenUp { delivery_id }.into()),
        line_adjusted().prop_map(Into::into),
        (any::<u32>(), text(), money()).prop_map(|(adjustment, intent_id, amount)| {
            PartialRefundRequested { adjustment, intent_id, amount }.into()
        }),
        (any::<u32>(), text(), money(), text()).prop_map(
            |(adjustment, refund_id, amount, provider_event_id)| {
                PartialRefunded { adjustment, refund_id, amount, provider_event_id }.into()
            }
        ),
    ]
}

fn product_details() -> impl Strategy<Value = ProductDetails> {
    (
        (localized_text(), option::of(localized_text()), category_id(), unit()),
        (vec(text(), 0..3), vec(text(), 0..3), any::<bool>(), any::<bool>(), option::of(text())),
    )
        .prop_map(
            |(
                (name, description, category_id, unit),
                (images, tags, is_organic, is_fair_trade, qr_code_data),
            )| {
                ProductDetails {
                    name,
                    description,
                    category_id,
                    unit,
                    images,
                    tags,
                    is_organic,
                    is_fair_trade,
                    qr_code_data,
                }
            },
        )
}

pub(crate) fn product_event() -> impl Strategy<Value = ProductEvent> {
    prop_oneof![
        (product_id(), account_id(), product_details(), money(), quantity()).prop_map(
            |(product_id, producer_id, details, price, stock)| {
                ProductCreated { product_id, producer_id, details, price, stock }.into()
            }
        ),
        product_details().prop_map(|details| ProductDescribed { details }.into()),
        money().prop_map(|price| ProductRepriced { price }.into()),
        quantity().prop_map(|on_hand| StockCounted { on_hand }.into()),
        Just(ProductDelisted {}.into()),
        (order_id(), quantity(), time()).prop_map(|(order_id, quantity, expires_at)| {
            StockHeld { order_id, quantity, expires_at }.into()
        }),
        (order_id(), quantity()).prop_map(|(order_id, quantity)| HoldReleased { order_id, quantity }.into()),
        (order_id(), quantity()).prop_map(|(order_id, quantity)| HoldExpired { order_id, quantity }.into()),
        (order_id(), quantity()).prop_map(|(order_id, quantity)| HoldCommitted { order_id, quantity }.into()),
        (order_id(), quantity(), quantity()).prop_map(|(order_id, quantity, freed)| HoldReduced {
            order_id,
            quantity,
            freed
        }
        .into()),
    ]
}

pub(crate) fn delivery_event() -> impl Strategy<Value = DeliveryEvent> {
    let scheduled = (
        (delivery_id(), tracking_number(), order_id(), account_id()),
        (address(), option::of(day()), any::<u32>()),
    )
        .prop_map(
            |((delivery_id, tracking_number, order_id, buyer_id), (address, preferred_date, attempt))| {
                DeliveryScheduled {
                    delivery_id,
                    tracking_number,
                    order_id,
                    buyer_id,
                    address: address.into(),
                    window: preferred_date.map(DeliveryWindow::of_day),
                    attempt,
                }
            },
        );
    prop_oneof![
        scheduled.prop_map(Into::into),
        (account_id(), option::of(personal())).prop_map(|(driver_id, vehicle)| DriverAssigned {
            driver_id,
            vehicle
        }
        .into()),
        account_id().prop_map(|driver_id| DeliveryPickedUp { driver_id }.into()),
        Just(TransitStarted {}.into()),
        (personal(), personal()).prop_map(|(signature, photo)| DeliveryCompleted { signature, photo }.into()),
        personal().prop_map(|reason| DeliveryFailed { reason }.into()),
        Just(DeliveryCancelled {}.into()),
    ]
}

pub(crate) fn delivery_track_event() -> impl Strategy<Value = DeliveryTrackEvent> {
    // Devices report their accuracy in centimetres at best.
    let point = (geo_point(), 0..=1_000_000u32, time()).prop_map(|(at, centimetres, timestamp)| TrackPoint {
        at,
        accuracy_metres: f64::from(centimetres) / 100.0,
        timestamp,
    });
    (delivery_id(), account_id(), vec(point, 0..5)).prop_map(|(delivery_id, driver_id, points)| {
        PositionsReported { delivery_id, driver_id, points: points.into() }.into()
    })
}

fn delivery_terms() -> impl Strategy<Value = DeliveryTerms> {
    let zone = prop::sample::select(vec!["Europe/Paris", "Asia/Kathmandu", "UTC", "-03:00"]);
    let weekdays = prop::collection::btree_set(prop::sample::select(Weekday::ALL.to_vec()), 1..=7);
    (zone, time(), any::<u32>(), weekdays).prop_map(|(zone, time, lead_days, weekdays)| DeliveryTerms {
        time_zone: zone.parse().unwrap(),
        cut_off: time.time(),
        lead_days,
        weekdays,
    })
}

pub(crate) fn account_event() -> impl Strategy<Value = AccountEvent> {
    let registered = (
        (account_id(), role(), personal(), personal()),
        (personal(), option::of(personal()), option::of(text())),
    )
        .prop_map(|((account_id, role, email, first_name), (last_name, phone, company))| {
            AccountRegistered { account_id, role, email, first_name, last_name, phone, company }
        });
    prop_oneof![
        registered.prop_map(Into::into),
        role().prop_map(|role| RoleGranted { role }.into()),
        delivery_terms().prop_map(|terms| DeliveryTermsSet { terms }.into()),
    ]
}

/// Written, read and written again it is the same, under its name, and `cqrs-es` knows it by that name and version.
fn assert_round_trips<A: Aggregate>(event: &A::Event)
where
    A::Event: cqrs_es::DomainEvent,
{
    let written = serde_json::to_string(event).unwrap();
    let read: A::Event = serde_json::from_str(&written).unwrap();
    assert_eq!(&read, event, "{written}");
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
    let name = event.name();
    assert!(written.starts_with(&format!("{{\"{name}\":{{")), "{written}");
    assert_eq!(cqrs_es::DomainEvent::event_type(event), name);
    assert_eq!(cqrs_es::DomainEvent::event_version(event), event.version());
    assert!(A::Event::FORMS.contains(&(name, event.version())));
}

proptest! {
    #[test]
    fn every_event_of_an_order_is_read_as_it_was_written(event in order_event()) {
        assert_round_trips::<crate::Order>(&event);
    }

    #[test]
    fn every_event_of_a_product_is_read_as_it_was_written(event in product_event()) {
        assert_round_trips::<crate::Product>(&event);
    }

    #[test]
    fn every_event_of_a_delivery_is_read_as_it_was_written(event in delivery_event()) {
        assert_round_trips::<crate::Delivery>(&event);
    }

    #[test]
    fn every_event_of_a_track_is_read_as_it_was_written(event in delivery_track_event()) {
        assert_round_trips::<crate::DeliveryTrack>(&event);
    }

    #[test]
    fn every_event_of_an_account_is_read_as_it_was_written(event in account_event()) {
        assert_round_trips::<crate::Account>(&event);
    }

    #[test]
    fn any_history_can_be_folded(
        order in vec(order_event(), 0..20),
        product in vec(product_event(), 0..20),
        delivery in vec(delivery_event(), 0..20),
        track in vec(delivery_track_event(), 0..20),
        account in vec(account_event(), 0..20),
    ) {
        // `apply` is total: it takes histories that no command could have made.
        crate::Order::fold(&order);
        crate::Product::fold(&product);
        crate::Delivery::fold(&delivery);
        crate::DeliveryTrack::fold(&track);
        crate::Account::fold(&account);
    }
}

/// The names of `many` events that `strategy` makes.
fn names<E: DomainEvent>(strategy: impl Strategy<Value = E>, many: usize) -> BTreeSet<&'static str> {
    let mut runner = TestRunner::deterministic();
    (0..many).map(|_| strategy.new_tree(&mut runner).unwrap().current().name()).collect()
}

#[test]
fn the_strategies_make_every_event() {
    let all = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(names(order_event(), 500), all(OrderEvent::NAMES));
    assert_eq!(names(product_event(), 500), all(ProductEvent::NAMES));
    assert_eq!(names(delivery_event(), 500), all(DeliveryEvent::NAMES));
    assert_eq!(names(delivery_track_event(), 10), all(DeliveryTrackEvent::NAMES));
    assert_eq!(names(account_event(), 100), all(AccountEvent::NAMES));
}
