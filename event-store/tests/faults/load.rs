//! Writers and followers at work on one log, and the check when they are done.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use agrodeep_event_store::{
    conformance::fresh_stream,
    history::{Report, check, read_history},
};

use crate::{
    follower::{Following, entries},
    server::connect,
    writer::{ROLE, Role},
};

const PROCESSES: u64 = 3;
const TASKS: u64 = 6;

/// A fault run is given up when nothing is appended for so long: the log has not gone on.
const NOTHING_HAPPENS: Duration = Duration::from_secs(120);

pub struct Load {
    role: Role,
    url: String,
    writers: Vec<Child>,
    spawned: u64,
    pub follower: Following,
    pub cursor: Following,
}

/// What a run came to.
pub struct Outcome {
    pub report: Report,
    /// How often a follower was told that the log is damaged.
    pub damages: usize,
}

impl Load {
    /// Three processes append through `writers_url`, two followers read through `url`; `history` is a folder.
    pub fn start(url: &str, writers_url: &str, history: PathBuf, patience: Duration) -> Self {
        let role = Role {
            url: writers_url.to_owned(),
            history: history.join("history"),
            patience,
            hot_streams: (0..6).map(|_| fresh_stream().to_string()).collect(),
            tasks: TASKS,
            seed: 0,
        };
        let follower = Following::by_the_port(url.to_owned(), &role.history);
        let cursor = Following::by_a_cursor(url.to_owned(), &role.history);
        let mut load = Self { role, url: url.to_owned(), writers: vec![], spawned: 0, follower, cursor };
        for _ in 0..PROCESSES {
            load.spawn();
        }
        load
    }

    fn spawn(&mut self) {
        self.spawned += 1;
        let role = Role { seed: self.spawned, ..self.role.clone() };
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "another_process_of_these_tests", "--nocapture"])
            .env(ROLE, serde_json::to_string(&role).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.writers.push(child);
    }

    /// `kill -9` of the writer that has run longest; another takes its place.
    pub fn kill_a_writer(&mut self) {
        let mut oldest = self.writers.remove(0);
        oldest.kill().unwrap();
        oldest.wait().unwrap();
        self.spawn();
    }

    /// The file of the history.
    pub fn history(&self) -> &Path {
        &self.role.history
    }

    /// Waits until so many more events have been read by a follower.
    pub async fn goes_on(&self, events: i64) {
        let (from, began) = (self.cursor.position(), Instant::now());
        while self.cursor.position() < from + events {
            assert!(began.elapsed() < NOTHING_HAPPENS, "nothing is appended after position {from}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets the writers end and the followers read to the log's end, and checks all that was recorded.
    pub async fn end(mut self) -> Outcome {
        for writer in &mut self.writers {
            drop(writer.stdin.take());
        }
        for mut writer in self.writers {
            let ended = tokio::task::spawn_blocking(move || writer.wait().unwrap()).await.unwrap();
            assert!(ended.success(), "a writer failed");
        }
        let client = connect(&self.url).await;
        let log = entries(&client, 0, i64::MAX).await.unwrap();
        let last = log.last().map_or(0, |entry| entry.position);
        let began = Instant::now();
        while self.cursor.position() < last
            || (self.follower.position() < last && self.follower.damages() == 0)
        {
            assert!(began.elapsed() < NOTHING_HAPPENS, "a follower does not come to the end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let damages = self.follower.damages();
        self.follower.end().await;
        self.cursor.end().await;
        let (history, _) = read_history(&self.role.history).unwrap();
        Outcome { report: check(&history, &log), damages }
    }
}

impl Outcome {
    /// Prints the counts of a fault run, and fails on any finding.
    #[track_caller]
    pub fn must_be_good(&self, run: &str, faults: usize) {
        println!("{run}: {faults} faults; {}", self.report);
        assert!(self.report.findings.is_empty(), "{run}: {}", self.report);
        assert_eq!(self.damages, 0, "{run}: a follower was told of a hole");
        assert!(faults >= 20, "{run}: only {faults} faults");
        assert!(self.report.acknowledged > 100, "{run}: hardly anything was done");
        assert!(self.report.conflicts > 0, "{run}: nothing collided");
    }
}
