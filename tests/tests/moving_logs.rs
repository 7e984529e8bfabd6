//! `agrodeep log copy|verify|stats`, as an operator types them.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use agrodeep_event_store::{
    Append, AppendOutcome, Metadata, NewEvent, SharedLog, StreamId, kurrentdb::double::Double,
    postgres::testing::TestDatabase,
};
use agrodeep_tests::system::binary;
use uuid::Uuid;

const STREAMS: u64 = 40;
const EVENTS: u64 = STREAMS * 3;

/// Forty streams; in each a command of two events, and one of one.
async fn fill(log: &SharedLog) {
    for _ in 0..STREAMS {
        let stream = StreamId::new("note", Uuid::now_v7());
        append(log, &stream, 0, 2).await;
        append(log, &stream, 2, 1).await;
    }
}

async fn append(log: &SharedLog, stream: &StreamId, expected_version: u64, events: usize) {
    let command_id = Uuid::now_v7();
    let event = NewEvent {
        event_type: "LineAdded".into(),
        event_version: "1".into(),
        payload: serde_json::value::to_raw_value(&serde_json::json!({"text": "Crème brûlée"})).unwrap(),
    };
    let metadata = Metadata {
        actor: "system:test".to_owned(),
        correlation_id: command_id,
        causation_id: command_id,
        traceparent: None,
        occurred_at: chrono::Utc::now(),
        other: std::collections::BTreeMap::new(),
    };
    let stream = stream.clone();
    let append = Append { stream, expected_version, command_id, events: vec![event; events], metadata };
    assert!(matches!(log.append(append).await, Ok(AppendOutcome::Appended(_))));
}

/// What a command printed, and whether it succeeded.
struct Told {
    success: bool,
    out: String,
    err: String,
}

impl Told {
    fn hash(&self) -> String {
        let words = self.out.split_whitespace().map(|word| word.trim_matches(';'));
        words
            .into_iter()
            .find(|word| word.len() == 64)
            .unwrap_or_else(|| panic!("no hash in {}", self.out))
            .to_owned()
    }
}

fn log(arguments: &[&str]) -> Told {
    let done = tokio::task::block_in_place(|| {
        Command::new(binary())
            .arg("log")
            .args(arguments)
            .current_dir(std::env::temp_dir())
            .env_remove("DATABASE_URL")
            .env_remove("EVENT_STORE_URL")
            .output()
            .unwrap()
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { success: done.status.success(), out: text(&done.stdout), err: text(&done.stderr) }
}

fn done(arguments: &[&str]) -> Told {
    let told = log(arguments);
    assert!(told.success, "{arguments:?}: {}{}", told.out, told.err);
    told
}

fn refused(arguments: &[&str]) -> Told {
    let told = log(arguments);
    assert!(!told.success, "{arguments:?}: {}", told.out);
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_to_kurrentdb_and_back_and_is_the_same() {
    let (source, back) = (TestDatabase::create().await, TestDatabase::create().await);
    let double = Double::start().await;
    fill(&source.log().await).await;

    let away = done(&["copy", "--from", source.url(), "--to", &double.url()]);
    assert!(away.out.contains(&format!("Copied {EVENTS} events")), "{}", away.out);
    let home = done(&["copy", "--from", &double.url(), "--to", back.url()]);
    assert_eq!(away.hash(), home.hash());
    for url in [source.url(), &double.url(), back.url()] {
        let verified = done(&["verify", "--url", url, "--expect", &away.hash()]);
        assert!(verified.out.contains("Nothing is wrong."), "{}", verified.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_goes_on_with_what_is_new_and_leaves_another_log_as_it_is() {
    let (source, target) = (TestDatabase::create().await, TestDatabase::create().await);
    let log = source.log().await;
    fill(&log).await;
    let copy = ["copy", "--from", source.url(), "--to", target.url()];
    done(&copy);
    assert!(done(&copy).out.contains("There was nothing to copy."));

    append(&log, &StreamId::new("note", Uuid::now_v7()), 0, 1).await;
    let again = done(&copy);
    assert!(again.out.contains("Copied 1 events"), "{}", again.out);
    assert!(again.out.contains(&format!("{EVENTS} were there before, and are the same.")), "{}", again.out);

    let other = TestDatabase::create().await;
    fill(&other.log().await).await;
    let before = done(&["verify", "--url", other.url()]).hash();
    let told = refused(&["copy", "--from", source.url(), "--to", other.url()]);
    assert!(told.err.contains("the target holds other events than the source"), "{}", told.err);
    assert_eq!(done(&["verify", "--url", other.url()]).hash(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_told_and_ends_with_a_failure() {
    let database = TestDatabase::create().await;
    fill(&database.log().await).await;
    let verify = ["verify", "--url", database.url()];
    let sound = done(&verify);

    sqlx::query("update events set payload = '{\"text\": \"other\"}' where position = 7")
        .execute(database.pool())
        .await
        .unwrap();
    assert_ne!(done(&verify).hash(), sound.hash());
    refused(&["verify", "--url", database.url(), "--expect", &sound.hash()]);

    sqlx::query("delete from events where position = 8").execute(database.pool()).await.unwrap();
    let told = refused(&verify);
    assert!(told.out.contains('8') && told.err.contains("the log is damaged"), "{}{}", told.out, told.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_a_log_is_counted() {
    let database = TestDatabase::create().await;
    fill(&database.log().await).await;
    let told = done(&["stats", "--url", database.url(), "--json"]);
    let stats: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&stats["events"], &stats["streams"]), (&EVENTS.into(), &STREAMS.into()), "{stats}");
    assert!(stats["postgres"].is_object(), "{stats}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_none_is_named_without_its_password() {
    let told = refused(&["verify", "--url", "mysql://me:tomato@localhost/log"]);
    assert!(told.err.contains("mysql://…") && !told.err.contains("tomato"), "{}", told.err);
    let empty = TestDatabase::create().await;
    sqlx::raw_sql("drop table events cascade").execute(empty.pool()).await.unwrap();
    let told = refused(&["stats", "--url", empty.url()]);
    assert!(told.err.contains("there is no log in this database"), "{}", told.err);
}
