//! A full disk: a file system of limited size is made as small as what is in it.
//!
//! The runs have a mount namespace of their own, which goes with them. Where that cannot be had, they say so and are left out.

use std::{
    os::unix::fs::{MetadataExt, chown},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use agrodeep_event_store::{
    EventLog, LogError,
    conformance::fresh_stream,
    postgres::{LogLimits, PostgresLog},
};

use crate::{
    load::Load,
    server::{Server, connect},
    writer::{Process, command},
};

const INSIDE: &str = "AGRODEEP_FAULTS_MOUNTS";
const PATIENCE: Duration = Duration::from_millis(100);
const TIMES: usize = 20;

#[test]
fn without_room_for_tables_nothing_is_lost_or_doubled_and_it_goes_on_once_there_is_room() {
    let name = "without_room_for_tables_nothing_is_lost_or_doubled_and_it_goes_on_once_there_is_room";
    in_a_mount_namespace(name, tables_without_room());
}

#[test]
fn without_room_for_the_servers_own_log_nothing_is_lost_or_doubled_and_it_goes_on_once_there_is_room() {
    let name =
        "without_room_for_the_servers_own_log_nothing_is_lost_or_doubled_and_it_goes_on_once_there_is_room";
    in_a_mount_namespace(name, write_ahead_log_without_room());
}

fn in_a_mount_namespace(test: &str, run: impl Future<Output = ()>) {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(run);
        return;
    }
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let namespace: &[&str] = if root { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
    let possible = Command::new("unshare")
        .args(namespace)
        .args(["mount", "-t", "tmpfs", "none", "/mnt"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        println!("left out: nothing can be mounted here, so no disk can be made small");
        return;
    }
    let status = Command::new("unshare")
        .args(namespace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("disk::{test}"), "--nocapture"])
        .env(INSIDE, "")
        .status();
    assert!(status.unwrap().success());
}

/// A file system of its own.
struct Disk(PathBuf);

impl Disk {
    const ROOM: u64 = 1 << 30;

    /// In the server's folder, for the server's user.
    fn of(server: &Server) -> Self {
        let disk = Self(server.folder.join("disk"));
        std::fs::create_dir(&disk.0).unwrap();
        assert!(disk.mount(&["-t", "tmpfs", "-o", &format!("size={}", Self::ROOM), "none"]));
        let owner = std::fs::metadata(server.cluster()).unwrap();
        chown(&disk.0, Some(owner.uid()), Some(owner.gid())).unwrap();
        disk
    }

    fn mount(&self, arguments: &[&str]) -> bool {
        Command::new("mount").args(arguments).arg(&self.0).stderr(Stdio::null()).status().unwrap().success()
    }

    fn resize(&self, bytes: u64) -> bool {
        self.mount(&["-o", &format!("remount,size={bytes}")])
    }

    /// Takes all room that is left.
    fn fill(&self) {
        // Nothing is made smaller than what is in it, and others write meanwhile.
        while !self.resize(self.used()) {}
    }

    fn make_room(&self) {
        assert!(self.resize(Self::ROOM));
    }

    fn used(&self) -> u64 {
        let output =
            Command::new("df").args(["--output=used", "--block-size=1"]).arg(&self.0).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().nth(1).unwrap().trim().parse().unwrap()
    }
}

async fn open(url: &str) -> PostgresLog {
    let limits = LogLimits { verdict_patience: PATIENCE, ..LogLimits::default() };
    PostgresLog::open(url, limits).await.unwrap()
}

/// The server goes on, but can take no more events.
async fn tables_without_room() {
    let server = Server::start("disk");
    let disk = Disk::of(&server);
    let client = connect(&server.url()).await;
    client.batch_execute(&format!("create tablespace small location '{}'", disk.0.display())).await.unwrap();
    client.batch_execute("create database small tablespace small").await.unwrap();
    server.migrate("small").await;

    let url = server.url_of("small");
    let load = Load::start(&url, &url, server.folder.clone(), PATIENCE);
    let process = Process::new(open(&url).await, load.history());
    let log = open(&url).await;
    for _ in 0..TIMES {
        load.goes_on(60).await;
        disk.fill();
        // Until a caller is told. Many events, as there is still room in the pages that there are.
        let told = loop {
            if let Err(told) = process.attempt(&[command(&fresh_stream(), 0, 200)]).await.remove(0) {
                break told;
            }
            disk.fill();
        };
        assert!(matches!(told, LogError::Unavailable(_)), "{told}");
        assert!(log.load(&fresh_stream(), 0).await.is_ok(), "reading goes on");
        disk.make_room();
    }
    load.goes_on(60).await;
    load.end().await.must_be_good("no room for tables", TIMES);
}

/// The server panics, recovers by itself, panics again, or ends and is started again.
async fn write_ahead_log_without_room() {
    let mut server = Server::start("wal");
    let disk = Disk::of(&server);
    server.stop_and_start(|cluster| {
        let from = cluster.join("pg_wal");
        let moved = Command::new("cp").arg("-a").arg(&from).arg(&disk.0).status();
        assert!(moved.unwrap().success());
        std::fs::remove_dir_all(&from).unwrap();
        std::os::unix::fs::symlink(disk.0.join("pg_wal"), &from).unwrap();
    });
    server.migrate("postgres").await;
    let load = Load::start(&server.url(), &server.url(), server.folder.clone(), PATIENCE);
    for _ in 0..TIMES {
        load.goes_on(60).await;
        let client = connect(&server.url()).await;
        disk.fill();
        // Whoever writes first to a file of which there is none panics.
        while client.batch_execute("select pg_switch_wal()").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        disk.make_room();
        tokio::time::sleep(Duration::from_millis(50)).await;
        if server.has_ended() {
            server.stop_and_start(|_| ());
        }
    }
    load.goes_on(60).await;
    load.end().await.must_be_good("no room for the server's own log", TIMES);
}
