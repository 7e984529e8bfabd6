//! `agrodeep replay`, as a process that is killed and started again.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use agrodeep_event_store::postgres::testing::TestDatabase;
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::RowAccessor,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

const EVENTS: i64 = 100_000;
const EVENTS_A_DAY: i64 = 10_000;

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("agrodeep-replay-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

/// A log of ten days.
async fn filled(database: &TestDatabase, events: i64) {
    let metadata = r#"{"actor":"driver:usr_01h455vb4pex5vsknk084sn02q","correlation_id":"01890a5d-ac96-774b-bcce-b302099a8057",
        "causation_id":"01890a5d-ac96-774b-bcce-b302099a8057","occurred_at":"2024-08-15T10:00:00Z"}"#;
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, position,
                             event_id, command_id, recorded_at)
         select 'delivery', '01890a5d-ac96-774b-bcce-b302099a8057', n, 'DeliveryFailed', '1',
                json_build_object('DeliveryFailed', json_build_object('reason', 'nobody at home, ' || n)), $2::json, n,
                id, id, timestamptz '2024-08-01 00:00:00Z' + (n - 1) / $3::bigint * interval '1 day'
         from generate_series(1, $1) n, lateral (select lpad(to_hex(n), 32, '0')::uuid as id) as made",
    )
    .bind(events)
    .bind(metadata)
    .bind(EVENTS_A_DAY)
    .execute(database.pool())
    .await
    .unwrap();
    sqlx::query("update log_head set position = $1").bind(events).execute(database.pool()).await.unwrap();
}

fn replay(database: &TestDatabase, place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agrodeep"));
    command
        .args(["replay", "--url", database.url()])
        .args(arguments)
        .current_dir(place)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null());
    command
}

fn manifest(folder: &Path) -> Option<Value> {
    let text = fs::read_to_string(folder.join("_manifest.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

fn files(manifest: Option<&Value>) -> usize {
    manifest.map_or(0, |manifest| manifest["files"].as_array().unwrap().len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_was_killed_again_and_again_has_every_event_once() {
    let database = TestDatabase::create().await;
    filled(&database, EVENTS).await;
    let place = Folder::new();
    let folder = place.0.join("events");
    let mut killed = 0;
    loop {
        let before = files(manifest(&folder).as_ref());
        let mut process =
            replay(&database, &place.0, &["--to", "events"]).stdout(Stdio::null()).spawn().unwrap();
        // Killed as soon as it has got on a little: in the middle of the next file.
        while files(manifest(&folder).as_ref()) == before && process.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if process.try_wait().unwrap().is_some_and(|status| status.success()) {
            break;
        }
        process.kill().unwrap();
        process.wait().unwrap();
        killed += 1;
        assert!(killed < 50, "it does not get on");
    }
    assert!(killed >= 3, "only {killed} times");

    let manifest = manifest(&folder).unwrap();
    assert_eq!(manifest["events"], EVENTS);
    assert_eq!(manifest["position"], EVENTS);
    let mut positions = Vec::new();
    for file in manifest["files"].as_array().unwrap() {
        let path = folder.join(file["path"].as_str().unwrap());
        let sha256: String =
            Sha256::digest(fs::read(&path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file["sha256"], sha256);
        let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
        let before = positions.len();
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            positions.push(row.get_long(0).unwrap());
            assert!(!row.to_string().contains("nobody at home"), "personal data is hidden");
        }
        assert_eq!(file["events"], positions.len() - before);
        assert_eq!(file["first_position"], positions[before]);
        assert_eq!(file["last_position"], *positions.last().unwrap());
    }
    assert_eq!(positions, (1..=EVENTS).collect::<Vec<_>>());
    let named = files(Some(&manifest));
    let there: usize = fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .filter(|day| day.path().is_dir())
        .map(|day| fs::read_dir(day.path()).unwrap().count())
        .sum();
    assert_eq!(there, named, "nothing is left of what was killed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_goes_on_only_with_what_it_began_with() {
    let (database, other) = (TestDatabase::create().await, TestDatabase::create().await);
    filled(&database, 500).await;
    filled(&other, 100).await;
    let place = Folder::new();
    let run = |database: &TestDatabase, more: &[&str]| {
        let arguments = [&["--to", "events"], more].concat();
        let output = replay(database, &place.0, &arguments).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(run(&database, &[]).0);
    assert!(run(&database, &[]).0);
    assert_eq!(manifest(&place.0.join("events")).unwrap()["events"], 500);
    for (log, more, why) in [
        (&database, &["--unmasked"][..], "personal data"),
        (&database, &["--type", "DeliveryFailed"], "other events"),
        (&other, &[], "another log"),
    ] {
        let (done, said) = run(log, more);
        assert!(!done && said.contains(why), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_filtered_masked_and_counted() {
    let database = TestDatabase::create().await;
    filled(&database, 1_000).await;
    let place = Folder::new();
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let output = replay(&database, &place.0, arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines(&[]);
    assert_eq!(all.len(), 1_001);
    assert_eq!(all[0]["data"]["reason"], Value::Null);
    assert_eq!(all[0]["actor"], "driver");
    assert_eq!(all[1_000]["end"]["count"], 1_000);
    let last = lines(&["--backwards", "--limit", "2", "--unmasked", "--before", "900"]);
    assert_eq!(last[0]["data"]["reason"], "nobody at home, 899");
    assert_eq!(last[1]["position"], 898);
    assert_eq!(last[2], serde_json::json!({"end": {"count": 2, "position": 898, "complete": true}}));
    assert_eq!(lines(&["--type", "OrderPlaced"])[0]["end"]["count"], 0);
    for (arguments, why) in [
        (&["--type", "Nonsense"][..], "there is no Nonsense"),
        (&["--after", "9", "--before", "9"], "--before"),
        (&["--since", "2024-02-02T00:00:00Z", "--until", "2024-01-01T00:00:00Z"], "--until"),
        (&["--stream", "nonsense"], "--stream"),
    ] {
        let output = replay(&database, &place.0, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{said}");
    }
}
