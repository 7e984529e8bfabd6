//! The examples of the documentation, run as it says.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use agrodeep_tests::system::System;
use sqlx::{Connection, PgConnection};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples").join(name)
}

/// Python with duckdb and pandas: `deploy/local/test` puts it there.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("PYTHON") {
        return python.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache"))).expect("a home");
    let python = cache.join("agrodeep/python/bin/python");
    assert!(python.exists(), "{} is not there: run ./deploy/local/test, which installs it", python.display());
    python
}

/// What it has printed. It must have succeeded.
fn printed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("text")
}

async fn count(system: &System, sql: &str) -> i64 {
    let mut connection = PgConnection::connect(&system.database_url()).await.expect("the database");
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect(sql)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analyst_replays_the_log_as_the_documentation_says() {
    let system = System::start(&[]).await;
    let (write, read) = (system.write.clone(), system.read.clone());
    printed(&mut system.command(&["tour", "--write", &write, "--read", &read]));
    let of_type = "select count(*) from events where event_type = 'OrderPlaced'";

    // Over HTTP, with nothing but Python's own library.
    let mut command = Command::new(python());
    let told = printed(command.arg(example("replay.py")).args([
        write.as_str(),
        &read,
        "analyst@demo.agrodeep.test",
        "demo-password-1",
        "--once",
    ]));
    let events = count(&system, "select count(*) from events").await;
    let last = told.lines().last().expect("a last line");
    assert_eq!(last.trim(), format!("{events} events, the last at position {events}"));
    let placed = count(&system, of_type).await;
    assert!(told.lines().any(|line| line.trim() == format!("{placed} OrderPlaced")), "{told}");

    // As files, with DuckDB and pandas.
    let folder = std::env::temp_dir().join(format!("agrodeep-examples-{}", uuid::Uuid::now_v7()));
    printed(system.command(&["replay", "--to"]).arg(&folder));
    let told = printed(Command::new(python()).arg(example("orders_by_day.py")).arg(&folder));
    assert!(told.starts_with(&format!("{events} events up to position {events}\n")), "{told}");
    // Orders of all days and currencies.
    let orders: i64 = told
        .lines()
        .skip_while(|line| !line.contains("currency"))
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .take_while(|columns| columns.len() == 4)
        .map(|columns| columns[1].parse::<i64>().expect("a number of orders"))
        .sum();
    assert_eq!(orders, placed, "{told}");

    // A file that was changed is found.
    let changed = std::fs::read_dir(&folder)
        .expect("the folder")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.is_dir())
        .and_then(|day| std::fs::read_dir(day).ok()?.next()?.ok())
        .expect("a file")
        .path();
    let mut bytes = std::fs::read(&changed).expect("its bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&changed, bytes).expect("written");
    let refused = Command::new(python()).arg(example("orders_by_day.py")).arg(&folder).output();
    let refused = refused.expect("it starts");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("was changed"));
    std::fs::remove_dir_all(folder).expect("removed");
}
