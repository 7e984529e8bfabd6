//! The events of the domain as others read them: their schemas are the committed ones, and golden events still hold.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use agrodeep_domain::{
    Account, Aggregate, Delivery, DeliveryTrack, Order, OrderFulfilment, Product,
    order_fulfilment::FulfilmentSteps,
};
use agrodeep_schemas::{catalogue, check, state_form_holds};
use schemars::JsonSchema;

fn assert_contracts_hold<A: Aggregate<Event: JsonSchema>>() {
    for result in [
        check::event_schemas_are_up_to_date::<A::Event>(A::TYPE, "agrodeep-schemas"),
        check::golden_events_hold::<A::Event>(A::TYPE),
        state_form_holds::<A>("agrodeep-schemas"),
    ] {
        if let Err(broken) = result {
            panic!("\n{broken}\n");
        }
    }
}

#[test]
fn the_events_of_an_order_are_those_that_others_know() {
    assert_contracts_hold::<Order>();
}

#[test]
fn the_events_of_a_product_are_those_that_others_know() {
    assert_contracts_hold::<Product>();
}

#[test]
fn the_events_of_a_delivery_are_those_that_others_know() {
    assert_contracts_hold::<Delivery>();
}

#[test]
fn the_events_of_a_track_are_those_that_others_know() {
    assert_contracts_hold::<DeliveryTrack>();
}

#[test]
fn the_events_of_an_account_are_those_that_others_know() {
    assert_contracts_hold::<Account>();
}

#[test]
fn the_events_of_a_fulfilment_are_those_that_others_know() {
    assert_contracts_hold::<OrderFulfilment>();
}

#[test]
fn the_events_about_steps_of_all_orders_are_those_that_others_know() {
    assert_contracts_hold::<FulfilmentSteps>();
}

#[test]
fn every_event_is_in_the_catalogue_once() {
    let entries = catalogue();
    let keys: BTreeSet<_> =
        entries.iter().map(|entry| (&entry.aggregate_type, &entry.event_name, &entry.version)).collect();
    assert_eq!(keys.len(), entries.len());
    assert_eq!(entries.len(), 67);
}

#[test]
fn what_is_personal_is_written_down_here_on_purpose() {
    // A field that comes or goes changes what an erasure must reach: say so here, knowingly.
    let personal: Vec<_> = catalogue()
        .into_iter()
        .filter(|entry| !entry.personal.is_empty())
        .map(|entry| (entry.event_name, entry.personal.join(" ")))
        .collect();
    let expected = [
        ("OrderPlaced", "/billing_address /lines/*/notes /notes /shipping_address"),
        ("OrderCancelled", "/note"),
        ("LineAdjusted", "/note"),
        // In version 1, and in version 2.
        ("DeliveryScheduled", "/address"),
        ("DeliveryScheduled", "/address"),
        ("DriverAssigned", "/vehicle"),
        ("DeliveryCompleted", "/photo /signature"),
        ("DeliveryFailed", "/reason"),
        ("PositionsReported", "/points"),
        ("AccountRegistered", "/email /first_name /last_name /phone"),
    ];
    assert_eq!(personal, expected.map(|(name, fields)| (name.to_owned(), fields.to_owned())));
}

#[test]
fn every_free_text_is_personal_or_public_on_purpose() {
    // Whoever replays the log sees these, in the role of an analyst, too.
    const PROVIDERS: [&str; 2] = ["/intent_id", "/provider_event_id"];
    const OFFER: [&str; 5] = [
        "/details/description/*",
        "/details/images/*",
        "/details/name/*",
        "/details/qr_code_data",
        "/details/tags/*",
    ];
    let results = [
        check::texts_are_declared::<<Order as Aggregate>::Event>(
            Order::TYPE,
            &[
                ("OrderPlaced", &["/lines/*/name/*"]),
                ("PaymentRequested", &["/intent_id"]),
                ("PaymentCaptured", &PROVIDERS),
                ("PaymentDeclined", &["/code", "/intent_id", "/provider_event_id"]),
                ("RefundRequested", &["/intent_id"]),
                ("PaymentRefunded", &["/provider_event_id", "/refund_id"]),
                ("PartialRefundRequested", &["/intent_id"]),
                ("PartialRefunded", &["/provider_event_id", "/refund_id"]),
            ],
        ),
        check::texts_are_declared::<<Product as Aggregate>::Event>(
            Product::TYPE,
            &[("ProductCreated", &OFFER), ("ProductDescribed", &OFFER)],
        ),
        check::texts_are_declared::<<Delivery as Aggregate>::Event>(Delivery::TYPE, &[]),
        check::texts_are_declared::<<DeliveryTrack as Aggregate>::Event>(DeliveryTrack::TYPE, &[]),
        check::texts_are_declared::<<Account as Aggregate>::Event>(
            Account::TYPE,
            &[("AccountRegistered", &["/company"])],
        ),
        check::texts_are_declared::<<OrderFulfilment as Aggregate>::Event>(
            OrderFulfilment::TYPE,
            &[
                (
                    "EffectsDone",
                    &["/effects/*/yields/payment/intent_id", "/effects/*/yields/refund/refund_id"],
                ),
                ("EffectRefused", &["/refusal/because"]),
                ("EffectFailed", &["/error"]),
                ("EffectParked", &["/error"]),
                ("RetryOrdered", &["/reason"]),
                ("StepSkipped", &["/reason"]),
                ("FulfilmentAbandoned", &["/reason"]),
                ("FulfilmentPaused", &["/reason"]),
                ("FulfilmentResumed", &["/reason"]),
            ],
        ),
        check::texts_are_declared::<<FulfilmentSteps as Aggregate>::Event>(
            FulfilmentSteps::TYPE,
            &[("StepPaused", &["/reason"]), ("StepResumed", &["/reason"])],
        ),
    ];
    for result in results {
        if let Err(broken) = result {
            panic!("\n{broken}\n");
        }
    }
}
