//! What others rely on is committed under `schemas/`, and is what the running program says of itself.

use std::{collections::BTreeMap, path::PathBuf};

use agrodeep_process_managers::order_fulfilment::{OrderFulfilment, OrderFulfilmentEvent};
use agrodeep_schemas::{check, state_form_holds};
use agrodeep_tests::{client::Client, system::System};

const PACKAGE: &str = "agrodeep-tests";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openapi_documents_are_those_that_the_apis_serve() {
    let mut system = System::start(&[]).await;
    let client = Client::anonymous(&system);
    let mut files = BTreeMap::new();
    for (name, api) in [("write-api", &system.write), ("read-api", &system.read)] {
        let document = client.document(&format!("{api}/openapi.json")).await;
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{name}");
        let text = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
        files.insert(PathBuf::from(format!("openapi/{name}.json")), text);
    }
    assert!(system.terminate().success());
    if let Err(broken) = check::files_are_up_to_date(&files, PACKAGE) {
        panic!("{broken}");
    }
}

#[test]
fn the_schemas_of_the_fulfilments_events_are_up_to_date() {
    if let Err(broken) =
        check::event_schemas_are_up_to_date::<OrderFulfilmentEvent>("order_fulfilment", PACKAGE)
    {
        panic!("{broken}");
    }
}

#[test]
fn every_golden_event_of_a_fulfilment_is_still_understood() {
    if let Err(broken) = check::golden_events_hold::<OrderFulfilmentEvent>("order_fulfilment") {
        panic!("{broken}");
    }
}

#[test]
fn the_state_of_a_fulfilment_has_the_form_that_it_says() {
    if let Err(broken) = state_form_holds::<OrderFulfilment>(PACKAGE) {
        panic!("{broken}");
    }
}

#[test]
fn every_free_text_of_a_fulfilment_is_personal_or_public_on_purpose() {
    let public: &[(&str, &[&str])] = &[
        ("EffectsDone", &["/effects/*/yields/payment/intent_id", "/effects/*/yields/refund/refund_id"]),
        ("EffectRefused", &["/refusal/because"]),
        ("EffectFailed", &["/error"]),
        ("EffectParked", &["/error"]),
    ];
    if let Err(broken) = check::texts_are_declared::<OrderFulfilmentEvent>("order_fulfilment", public) {
        panic!("{broken}");
    }
}
