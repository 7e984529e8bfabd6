//! What others rely on is committed under `schemas/`, and is what the running program says of itself.

use std::{collections::BTreeMap, path::PathBuf};

use agrodeep_schemas::check;
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
