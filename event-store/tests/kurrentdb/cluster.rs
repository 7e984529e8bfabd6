//! Clusters: the leader is found, and found again.

use std::sync::Arc;

use agrodeep_event_store::{
    SharedLog,
    conformance::{fresh_stream, some_events},
    kurrentdb::{KurrentLog, double::Double},
};

use super::{appended, settings};

fn seeds(nodes: &[&Double]) -> String {
    let host = |double: &&Double| {
        double.url().trim_start_matches("kurrentdb://").trim_end_matches("?tls=false").to_owned()
    };
    let hosts: Vec<_> = nodes.iter().map(host).collect();
    format!("kurrentdb://{}?tls=false&gossipTimeout=500", hosts.join(","))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leads_is_found_by_gossip_and_found_again_when_another_does() {
    let one = Double::start().await;
    let two = one.join().await;
    let log: SharedLog = Arc::new(KurrentLog::open(&seeds(&[&one, &two]), settings()).await.unwrap());
    let stream = fresh_stream();
    appended(log.append(some_events(&stream, 0, 1)).await);
    assert_eq!((one.faults().appends(), two.faults().appends()), (1, 0), "the leader has it");
    // The leader resigns: it turns the append away, and says who leads.
    two.lead();
    appended(log.append(some_events(&stream, 1, 1)).await);
    assert_eq!((one.faults().appends(), two.faults().appends()), (1, 1));
    // The leader dies, and the other one takes over.
    one.lead();
    two.stop();
    appended(log.append(some_events(&stream, 2, 1)).await);
    assert_eq!((one.faults().appends(), two.faults().appends()), (2, 1));
    assert_eq!(log.load(&stream, 0).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_discovered_by_one_name() {
    let one = Double::start().await;
    let two = one.join().await;
    let url = two.url().replace("kurrentdb://", "kurrentdb+discover://");
    let log: SharedLog = Arc::new(KurrentLog::open(&url, settings()).await.unwrap());
    appended(log.append(some_events(&fresh_stream(), 0, 1)).await);
    assert_eq!((one.faults().appends(), two.faults().appends()), (1, 0), "the leader has it");
}
