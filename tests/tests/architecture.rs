//! The shape of the house, as tests: who may know whom, and what may be where. `ARCHITECTURE.md` says why.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

const CRATES: &[&str] = &[
    "agrodeep",
    "commands",
    "domain",
    "event-store",
    "http",
    "process-managers",
    "projections",
    "read-api",
    "schemas",
    "tests",
    "write-api",
];

/// The names under `[dependencies]` of a crate's manifest.
fn dependencies(crate_dir: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(crate_dir).join("Cargo.toml")).unwrap();
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['.', ' ', '=']).next().unwrap();
            names.insert(name.to_owned());
        }
    }
    assert!(!names.is_empty(), "{crate_dir} depends on nothing: is its manifest read rightly?");
    names
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_part_knows_only_whom_it_may_know() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("domain", &[] as &[&str]),
        ("schemas", &["domain"]),
        ("event-store", &[]),
        ("http", &["domain"]),
        ("commands", &["domain", "event-store"]),
        ("process-managers", &["domain", "event-store", "commands"]),
        ("projections", &["domain", "event-store", "schemas"]),
        ("write-api", &["domain", "event-store", "commands", "http"]),
        ("read-api", &["domain", "event-store", "projections", "schemas", "http"]),
        (
            "agrodeep",
            &[
                "domain",
                "schemas",
                "event-store",
                "http",
                "commands",
                "process-managers",
                "projections",
                "write-api",
                "read-api",
            ],
        ),
    ]);
    for (part, may_know) in allowed {
        for dependency in dependencies(part) {
            if let Some(other) = dependency.strip_prefix("agrodeep-") {
                assert!(may_know.contains(&other), "{part} must not know {other}");
            }
        }
    }
}

#[test]
fn the_domain_knows_no_runtime_no_storage_and_no_clock() {
    for outsider in ["tokio", "sqlx", "axum", "reqwest", "rand", "tracing", "futures"] {
        assert!(!dependencies("domain").contains(outsider), "the domain depends on {outsider}");
    }
    for file in sources(&root().join("domain/src")) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for forbidden in ["Utc::now", "now_v7", "new_v4", "SystemTime", "Instant::now", "std::fs", "std::net"]
        {
            assert!(!code.contains(forbidden), "{} uses {forbidden}", file.display());
        }
    }
}

/// Places at which things can be made to go wrong are for tests: nothing that is released asks for them.
#[test]
fn fault_points_are_in_no_build_that_does_not_ask_for_them() {
    for part in CRATES {
        let manifest = fs::read_to_string(root().join(part).join("Cargo.toml")).unwrap();
        let mut section = "";
        for line in manifest.lines().map(str::trim) {
            if line.starts_with('[') {
                section = line;
            }
            if line.starts_with('#') || !line.contains("fault-points") {
                continue;
            }
            let declares = section == "[features]" && line.starts_with("fault-points = ");
            assert!(declares || section == "[dev-dependencies]", "{part} asks for fault points: {line}");
        }
    }
    for script in ["up", "lib.sh"] {
        let text = fs::read_to_string(root().join("deploy/local").join(script)).unwrap();
        assert!(!text.contains("fault-points"), "deploy/local/{script} asks for fault points");
    }
}

#[test]
fn sql_stays_in_stores_and_read_models() {
    // Sign-in keeps its secrets in tables of its own, in one folder.
    let stores =
        ["event-store", "commands", "process-managers", "projections", "agrodeep", "write-api/src/accounts"];
    for part in ["domain", "schemas", "http", "read-api", "write-api"] {
        for file in sources(&root().join(part).join("src")) {
            let relative = file.strip_prefix(root()).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            let is_store = stores.iter().any(|store| relative.starts_with(store));
            let in_tests = relative
                .components()
                .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
            assert!(
                is_store || in_tests || !text.contains("sqlx::query"),
                "{} holds SQL",
                relative.display()
            );
        }
    }
}

#[test]
fn there_is_no_mod_rs_no_unsafe_and_no_loose_end() {
    for part in CRATES {
        for file in sources(&root().join(part)) {
            let relative = file.strip_prefix(root()).unwrap().display().to_string();
            assert_ne!(file.file_name().unwrap(), "mod.rs", "{relative}: name it after the module");
            if relative == "tests/tests/architecture.rs" {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            for loose in ["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "FIXME", "unsafe {", "unsafe fn"]
            {
                assert!(!text.contains(loose), "{relative} contains {loose}");
            }
        }
    }
}

#[test]
fn events_of_the_log_are_read_by_the_one_function_that_knows_older_versions() {
    // What reads the names around an event, and nothing of what it says.
    let exempt = ["read-api/src/views/history.rs"];
    for part in CRATES.iter().filter(|part| **part != "event-store") {
        for file in sources(&root().join(part).join("src")) {
            let relative = file.strip_prefix(root()).unwrap().display().to_string();
            let text: String = fs::read_to_string(&file).unwrap().split_whitespace().collect();
            let direct = text.contains("from_str(event.payload.get())")
                || text.contains("from_str(recorded.payload.get())");
            assert!(
                !direct || exempt.contains(&relative.as_str()),
                "{relative} reads an event by itself: agrodeep_domain::evolution::read knows older versions, too"
            );
        }
    }
}

#[test]
fn each_library_opens_with_what_it_is_for() {
    for part in CRATES.iter().filter(|part| !["agrodeep", "tests"].contains(part)) {
        let lib = fs::read_to_string(root().join(part).join("src/lib.rs")).unwrap();
        assert!(lib.starts_with("//! "), "{part}/src/lib.rs does not say what it is for");
        assert!(
            lib.contains("must never know") || lib.contains("must not know"),
            "{part}/src/lib.rs does not say what it must not know"
        );
    }
}

#[test]
fn the_top_level_is_the_one_that_was_agreed() {
    let expected = BTreeSet::from([
        "agrodeep",
        "commands",
        "deploy",
        "docs",
        "domain",
        "event-store",
        "http",
        "migrations",
        "process-managers",
        "projections",
        "read-api",
        "schemas",
        "tests",
        "write-api",
    ]);
    let found: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !["target", "data"].contains(&name.as_str()))
        .collect();
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
}
