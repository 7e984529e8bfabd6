//! What `agrodeep` says when it cannot start, and that it leaves nothing behind.

#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("agrodeep-starting-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn agrodeep(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agrodeep"));
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("AGRODEEP_") || name.starts_with("DATABASE_") {
                command.env_remove(name);
            }
        }
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The one line that it said, having failed.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(said.lines().count(), 1, "one line: {said}");
    assert!(said.starts_with("agrodeep: "), "{said}");
    said.trim_end().to_owned()
}

#[test]
fn a_port_that_is_taken_is_named_with_the_flag_that_helps() {
    let folder = Folder::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let said =
        refusal(&folder.agrodeep(&["up", "--write", &address, "--read", "127.0.0.1:0"]).output().unwrap());
    assert!(said.contains(&address) && said.contains("--write") && said.contains("taken"), "{said}");
    assert!(!folder.0.join("data/postgres").exists(), "PostgreSQL was started for nothing");
}

#[test]
fn a_data_folder_that_is_in_use_is_left_alone() {
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("data")).unwrap();
    let lock = File::create(folder.0.join("data/lock")).unwrap();
    lock.lock().unwrap();
    let said = refusal(
        &folder.agrodeep(&["up", "--write", "127.0.0.1:0", "--read", "127.0.0.1:0"]).output().unwrap(),
    );
    assert!(said.contains("in use by another agrodeep") && said.contains("--data-dir"), "{said}");
}

#[test]
fn a_bad_setting_ends_the_start_before_anything_is_made() {
    let folder = Folder::new();
    let said = refusal(&folder.agrodeep(&["up"]).env("AGRODEEP_HOLD_SECONDS", "soon").output().unwrap());
    assert!(said.contains("AGRODEEP_HOLD_SECONDS") && said.contains("1800"), "{said}");
    let said = refusal(&folder.agrodeep(&["up", "--read", "3001"]).output().unwrap());
    assert!(said.contains("--read") && said.contains("127.0.0.1:3001"), "{said}");
    assert!(!folder.0.join("data").exists());
}

#[test]
fn a_part_without_a_database_says_which_setting_it_needs() {
    let folder = Folder::new();
    for part in ["process-managers", "projections"] {
        let said = refusal(&folder.agrodeep(&[part]).output().unwrap());
        assert!(said.contains(part) && said.contains("DATABASE_URL"), "{said}");
    }
}

#[test]
fn a_folder_without_postgres_is_named() {
    let folder = Folder::new();
    let said = refusal(
        &folder
            .agrodeep(&["up", "--write", "127.0.0.1:0", "--read", "127.0.0.1:0"])
            .env("AGRODEEP_POSTGRES_BIN_DIR", "/nowhere")
            .output()
            .unwrap(),
    );
    assert!(said.contains("postgres_bin_dir") && said.contains("/nowhere"), "{said}");
}

#[test]
fn the_help_names_every_subcommand_and_where_to_begin() {
    let folder = Folder::new();
    let output = folder.agrodeep(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for word in [
        "up",
        "write-api",
        "read-api",
        "projections",
        "process-managers",
        "migrate",
        "accounts",
        "import",
        "tour",
        "bench",
        "audit",
        "agrodeep up --demo",
        "docs/configuration.md",
    ] {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
}

#[test]
fn the_tour_without_apis_says_what_is_missing() {
    let folder = Folder::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = folder.agrodeep(&["tour", "--write", &free, "--read", &free]).output().unwrap();
    let said = refusal(&output);
    assert!(said.contains("The demo accounts sign in") && said.contains("agrodeep up --demo"), "{said}");
}
