//! `agrodeep` as a process of its own, on ports and a data folder of its own.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use agrodeep_event_store::postgres::embedded;

/// The binary, as Cargo built it beside the tests.
pub fn binary() -> PathBuf {
    let tests = std::env::current_exe().expect("the path of this test");
    let binary = tests.ancestors().nth(2).expect("the target folder").join("agrodeep");
    assert!(
        binary.is_file(),
        "{} is missing: build it first with `cargo build --release -p agrodeep`",
        binary.display()
    );
    binary
}

/// A running (or killed) AgroDeep.
pub struct System {
    folder: PathBuf,
    /// Where commands go.
    pub write: String,
    /// Where queries go.
    pub read: String,
    ports: (u16, u16),
    settings: Vec<(String, String)>,
    process: Option<Child>,
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

impl System {
    /// Starts `agrodeep up --demo` in a new folder, with these settings besides, and waits until it is ready.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("agrodeep-system-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let ports = (free_port(), free_port());
        let mut system = Self {
            folder,
            write: format!("http://127.0.0.1:{}", ports.0),
            read: format!("http://127.0.0.1:{}", ports.1),
            ports,
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            process: None,
        };
        system.up().await;
        system
    }

    /// The data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// `agrodeep` with this system's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("AGRODEEP_DATA_DIR", self.data_dir())
            .env("AGRODEEP_RATE_LIMITS", "off")
            // One buyer of a test stands for many.
            .env("AGRODEEP_HOLD_LIMIT_ORDERS", "0")
            .env_remove("DATABASE_URL")
            .env_remove("DATABASE_READ_URL")
            .env_remove("EVENT_STORE_URL")
            .env_remove("STRIPE_SECRET_KEY")
            .env_remove("STRIPE_WEBHOOK_SECRETS")
            .env_remove("STRIPE_API_BASE")
            .env_remove("AGRODEEP_UPDATE_CONTRACTS")
            .env_remove("AGRODEEP_TEST_SEED")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Starts it (again) on the same folder and ports, and waits until both APIs are ready.
    pub async fn up(&mut self) {
        assert!(self.process.is_none(), "it is running");
        let log =
            File::options().create(true).append(true).open(self.folder.join("agrodeep.log")).expect("a log");
        let (write, read) = (format!("127.0.0.1:{}", self.ports.0), format!("127.0.0.1:{}", self.ports.1));
        let process = self
            .command(&["up", "--demo", "--write", &write, "--read", &read])
            .stdout(log.try_clone().expect("the log"))
            .stderr(log)
            .spawn()
            .expect("agrodeep");
        self.process = Some(process);
        let patience = Instant::now() + Duration::from_secs(120);
        for api in [self.write.clone(), self.read.clone()] {
            loop {
                let ready = reqwest::get(format!("{api}/ready")).await;
                if ready.is_ok_and(|answer| answer.status().is_success()) {
                    break;
                }
                let exited = self.process.as_mut().and_then(|process| process.try_wait().ok().flatten());
                assert!(exited.is_none(), "agrodeep ended ({exited:?}): {}", self.log_tail());
                assert!(Instant::now() < patience, "{api} is not ready: {}", self.log_tail());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// The last lines that it has logged.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("agrodeep.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(30).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Kills it, as a power cut would: nothing is finished, nothing is told.
    pub fn kill_9(&mut self) {
        let mut process = self.process.take().expect("it is not running");
        process.kill().expect("kill -9");
        process.wait().expect("its end");
    }

    /// Asks it to stop, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("it is not running");
        let asked = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status().expect("kill");
        assert!(asked.success());
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = process.try_wait().expect("its end") {
                return status;
            }
            assert!(Instant::now() < patience, "it does not stop: {}", self.log_tail());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The address of its private database, while it runs.
    pub fn database_url(&self) -> String {
        embedded::running_url(&self.data_dir(), "agrodeep").expect("its private PostgreSQL runs")
    }

    /// The folder that goes when this does.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status();
            let patience = Instant::now() + Duration::from_secs(15);
            while matches!(process.try_wait(), Ok(None)) && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            eprintln!("the system's folder is kept: {}", self.folder.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
