//! The parts of `agrodeep` as processes of their own, on one database.

use std::{
    fs::File,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::system::{binary, free_port};

/// Parts that run, each a process.
pub struct Processes {
    folder: PathBuf,
    database_url: String,
    /// Where commands go.
    pub write: String,
    /// Where queries go.
    pub read: String,
    settings: Vec<(String, String)>,
    running: Vec<(String, Child)>,
}

impl Processes {
    /// Brings the tables of an empty database up to date. Nothing runs yet.
    pub fn on(database_url: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("agrodeep-processes-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let [write, read] = [free_port(), free_port()].map(|port| format!("http://127.0.0.1:{port}"));
        let database_url = database_url.to_owned();
        let processes = Self { folder, database_url, write, read, settings: vec![], running: vec![] };
        let migrated = processes.command(&["migrate"]).status().expect("agrodeep migrate");
        assert!(migrated.success(), "{migrated:?}");
        processes
    }

    /// `agrodeep` on this database.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("DATABASE_URL", &self.database_url)
            .env("AGRODEEP_DATA_DIR", self.folder.join("data"))
            .env("AGRODEEP_RATE_LIMITS", "off")
            .env("AGRODEEP_WEBHOOK_SECRET", "a-secret-of-the-tests-0123456789")
            .env_remove("DATABASE_READ_URL")
            .env_remove("EVENT_STORE_URL")
            .env_remove("AGRODEEP_TEST_SEED")
            .env_remove("AGRODEEP_SAGA_ORDERS")
            .env_remove("AGRODEEP_SAGA_WITHOUT")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Gives all parts that start from now on a setting.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts a part; those that listen, on this one's ports.
    pub fn start(&mut self, part: &str) {
        let log = File::options().create(true).append(true).open(self.log_of(part));
        let log = log.expect("a log");
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        let (write, read) = (address(&self.write), address(&self.read));
        let mut command = match part {
            "write-api" => self.command(&[part, "--write", &write]),
            "read-api" => self.command(&[part, "--read", &read]),
            _ => self.command(&[part]),
        };
        let child = command.stdout(log.try_clone().expect("the log")).stderr(log).spawn().expect(part);
        self.running.push((part.to_owned(), child));
    }

    /// Starts a part that listens to nobody, with these settings besides; its number, for [`Self::kill_9`] and the others.
    pub fn start_with(&mut self, part: &str, settings: &[(&str, &str)]) -> u32 {
        let log = File::options().create(true).append(true).open(self.log_of(part)).expect("a log");
        let mut command = self.command(&[part]);
        command.envs(settings.iter().copied());
        let child = command.stdout(log.try_clone().expect("the log")).stderr(log).spawn().expect(part);
        let number = child.id();
        self.running.push((part.to_owned(), child));
        number
    }

    /// Where a part writes what it has to say.
    pub fn log_of(&self, part: &str) -> PathBuf {
        self.folder.join(format!("{part}.log"))
    }

    /// Kills a process, as a power cut would: nothing is finished, nothing is told.
    pub fn kill_9(&mut self, number: u32) {
        let place = self.running.iter().position(|(_, child)| child.id() == number).expect("it was started");
        let (_, mut child) = self.running.remove(place);
        // It may have died by itself.
        let _ = child.kill();
        child.wait().expect("its end");
    }

    /// Whether a process has ended by itself.
    pub fn has_died(&mut self, number: u32) -> bool {
        let mut children = self.running.iter_mut().map(|(_, child)| child);
        let child = children.find(|child| child.id() == number).expect("it was started");
        child.try_wait().expect("whether it runs").is_some()
    }

    /// Lets a process stand still, or go on.
    pub fn stand_still(&self, number: u32, still: bool) {
        let signal = if still { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").arg(signal).arg(number.to_string()).status().expect("kill");
        assert!(sent.success());
    }

    /// Ends a part.
    pub fn end(&mut self, part: &str) {
        let place = self.running.iter().position(|(name, _)| name == part).expect("it runs");
        let (_, child) = self.running.remove(place);
        terminate(child);
    }

    /// Waits until both APIs are ready.
    pub async fn ready(&self) {
        Self::until_ready(&[&self.write, &self.read]).await;
    }

    /// Waits until the write API is ready.
    pub async fn write_ready(&self) {
        Self::until_ready(&[&self.write]).await;
    }

    async fn until_ready(apis: &[&str]) {
        let patience = Instant::now() + Duration::from_secs(120);
        for api in apis {
            while !reqwest::get(format!("{api}/ready")).await.is_ok_and(|answer| answer.status().is_success())
            {
                assert!(Instant::now() < patience, "{api} is not ready");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Makes an account with the password of [`crate::client::PASSWORD`].
    pub fn account(&self, role: &str, email: &str) {
        let mut made = self
            .command(&["accounts", "create", "--role", role, "--email", email, "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("agrodeep accounts create");
        let mut stdin = made.stdin.take().expect("its stdin");
        writeln!(stdin, "{}", crate::client::PASSWORD).expect("a password");
        drop(stdin);
        assert!(made.wait().expect("its end").success());
    }
}

fn terminate(mut child: Child) {
    let _ = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status();
    let patience = Instant::now() + Duration::from_secs(15);
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

impl Drop for Processes {
    fn drop(&mut self) {
        for (_, child) in self.running.drain(..) {
            terminate(child);
        }
        if std::thread::panicking() {
            eprintln!("the processes' folder is kept: {}", self.folder.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
