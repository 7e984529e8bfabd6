#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use super::{LogFormat, Settings, Sources, catalogue};

struct Given {
    sources: Sources,
}

fn nothing() -> Given {
    let working_dir = std::env::temp_dir().join(format!("agrodeep-settings-{}", uuid::Uuid::now_v7()));
    fs::create_dir_all(&working_dir).unwrap();
    Given { sources: Sources { working_dir, ..Sources::default() } }
}

impl Given {
    fn file(self, text: &str) -> Self {
        fs::write(self.sources.working_dir.join("agrodeep.toml"), text).unwrap();
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn flag(mut self, key: &'static str, flag: &'static str, value: &str) -> Self {
        self.sources.flags.insert(key, (flag, value.to_owned()));
        self
    }

    fn settings(&self) -> Settings {
        Settings::load(&self.sources).unwrap()
    }

    fn problem(&self) -> String {
        let problem = Settings::load(&self.sources).unwrap_err().to_string();
        assert!(!problem.contains('\n'), "one line: {problem}");
        problem
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.sources.working_dir);
    }
}

#[test]
fn with_nothing_set_the_defaults_hold() {
    let settings = nothing().settings();
    assert_eq!(settings.data_dir, PathBuf::from("./data"));
    assert_eq!(settings.write_address.to_string(), "127.0.0.1:3000");
    assert_eq!(settings.read_address.to_string(), "127.0.0.1:3001");
    assert_eq!(settings.hold.as_secs(), 1800);
    assert_eq!(settings.read_wait.as_secs(), 2);
    assert!(settings.rate_limits);
    assert_eq!(settings.snapshot_every_events.map(std::num::NonZeroU32::get), Some(100));
    assert!(settings.database_url.is_none());
    assert_eq!(settings.log.format, LogFormat::Auto);
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let given = nothing().file("hold_seconds = 60\nread_wait_seconds = 3\nwrite_address = \"127.0.0.1:1\"\n");
    let given = given.env("AGRODEEP_HOLD_SECONDS", "90").env("AGRODEEP_WRITE_ADDRESS", "127.0.0.1:2");
    let settings = given.flag("write_address", "--write", "localhost:3").settings();
    assert_eq!(settings.read_wait.as_secs(), 3);
    assert_eq!(settings.hold.as_secs(), 90);
    assert_eq!(settings.write_address.to_string(), "127.0.0.1:3");
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    assert_eq!(nothing().env("AGRODEEP_HOLD_SECONDS", "").settings().hold.as_secs(), 1800);
}

#[test]
fn databases_are_known_by_their_usual_names() {
    let given = nothing().env("DATABASE_URL", "postgres://log@host/db");
    assert!(given.settings().database_url.is_some());
    let problem = nothing().env("DATABASE_URL", "mysql://root:hunter2@host/db").problem();
    assert!(problem.starts_with("database_url (DATABASE_URL in the environment): "), "{problem}");
    assert!(problem.contains("postgres://user:password@host/database"), "{problem}");
    assert!(!problem.contains("hunter2"), "a secret is not repeated: {problem}");
}

#[test]
fn an_event_store_is_one_of_kurrentdb() {
    for url in ["kurrentdb://localhost:2113?tls=false", "kurrentdb+discover://u:p@host", "esdb://a:1,b:2"] {
        assert!(nothing().env("EVENT_STORE_URL", url).settings().event_store_url.is_some(), "{url}");
    }
    assert!(nothing().settings().event_store_url.is_none());
    for url in ["mongodb://u:hunter2@host", "kurrentdb://", "postgres://u:hunter2@host/db", "kurrentdb+x://h"]
    {
        let problem = nothing().env("EVENT_STORE_URL", url).problem();
        assert!(problem.starts_with("event_store_url (EVENT_STORE_URL in the environment): "), "{problem}");
        assert!(problem.ends_with("such as kurrentdb://user:password@host:2113"), "{problem}");
        assert!(!problem.contains("hunter2"), "a secret is not repeated: {problem}");
    }
}

#[test]
fn stripe_needs_its_key_and_its_webhook_secrets_and_repeats_neither() {
    let key = || nothing().env("STRIPE_SECRET_KEY", "sk_test_51hunter2");
    let both = key().env("STRIPE_WEBHOOK_SECRETS", "whsec_hunter2new, whsec_hunter2old");
    let account = both.settings().payments.stripe.unwrap();
    assert_eq!((account.webhook_secrets.len(), account.api_base.as_str()), (2, "https://api.stripe.com"));
    assert!(!format!("{account:?}").contains("hunter2"));
    assert!(nothing().settings().payments.stripe.is_none());

    let only = |problem: String| assert!(problem.ends_with("is of no use without it"), "{problem}");
    only(key().problem());
    only(nothing().env("STRIPE_WEBHOOK_SECRETS", "whsec_hunter2new").problem());
    only(nothing().env("AGRODEEP_STRIPE_API_BASE", "http://127.0.0.1:12111").problem());
    for (name, bad) in [
        ("STRIPE_SECRET_KEY", "pk_test_51hunter2"),
        ("STRIPE_SECRET_KEY", "sk_test_hunter2 hunter2"),
        ("STRIPE_SECRET_KEY", "hunter2hunter2"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_hunter2new,hunter2"),
        ("STRIPE_WEBHOOK_SECRETS", ","),
    ] {
        let problem = nothing().env(name, bad).problem();
        assert!(problem.contains(name) && problem.contains("must be"), "{problem}");
        assert!(!problem.contains("hunter2"), "a secret is not repeated: {problem}");
    }
}

#[test]
fn what_concerns_payments_can_be_switched_off() {
    let payments = nothing().settings().payments;
    assert_eq!(payments.hold_extension.as_secs(), 900);
    assert_eq!(payments.hold_limit.map(std::num::NonZeroU32::get), Some(100));
    let unlimited = nothing().env("AGRODEEP_RATE_LIMITS", "off").settings().payments;
    assert!(unlimited.hold_limit.is_none());
    assert_eq!(payments.reconcile_every.map(|every| every.as_secs()), Some(300));
    assert_eq!(payments.simulator, Default::default());
    let off = ["HOLD_EXTENSION_SECONDS", "HOLD_LIMIT_ORDERS", "RECONCILE_EVERY_SECONDS"];
    let given = off.iter().fold(nothing(), |given, name| given.env(&format!("AGRODEEP_{name}"), "0"));
    let payments = given.settings().payments;
    assert!(payments.hold_extension.is_zero());
    assert!(payments.hold_limit.is_none() && payments.reconcile_every.is_none());
}

#[test]
fn a_bad_value_names_the_setting_its_origin_and_what_is_right() {
    for (given, expected) in [
        (
            nothing().env("AGRODEEP_HOLD_SECONDS", "half an hour"),
            "hold_seconds (AGRODEEP_HOLD_SECONDS in the environment): \"half an hour\" cannot be used: \
             it must be a whole number of seconds from 1 to 86400, such as 1800",
        ),
        (
            nothing().flag("read_address", "--read", "3001"),
            "read_address (the flag --read): \"3001\" cannot be used: \
             it must be an IP address and a port, such as 127.0.0.1:3001",
        ),
        (
            nothing().env("AGRODEEP_RATE_LIMITS", "maybe"),
            "rate_limits (AGRODEEP_RATE_LIMITS in the environment): \"maybe\" cannot be used: it must be on or off",
        ),
    ] {
        assert_eq!(given.problem(), expected);
    }
    let problem = nothing().file("log_format = [1]\n").problem();
    assert!(problem.starts_with("log_format (") && problem.contains("agrodeep.toml): "), "{problem}");
    let problem = nothing().env("AGRODEEP_LOG_LEVEL", "info,a=b=c").problem();
    assert!(problem.contains("log_level") && problem.contains("agrodeep_commands=debug"), "{problem}");
}

#[test]
fn what_is_no_setting_is_refused_with_the_name_that_may_have_been_meant() {
    let problem = nothing().env("AGRODEEP_DATA_DIRR", "/tmp").problem();
    assert_eq!(
        problem,
        "data_dirr (AGRODEEP_DATA_DIRR in the environment) is not a setting: did you mean data_dir?"
    );
    let problem = nothing().file("colour = \"green\"\n").problem();
    assert!(problem.starts_with("colour (") && problem.ends_with("is not a setting"), "{problem}");
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_named() {
    let mut given = nothing();
    given.sources.file = Some(given.sources.working_dir.join("other.toml"));
    assert!(given.problem().contains("other.toml cannot be read"), "{}", given.problem());
    let problem = nothing().file("hold_seconds = = 3").problem();
    assert!(problem.contains("agrodeep.toml cannot be understood"), "{problem}");
}

#[test]
fn the_documentation_lists_every_setting_with_its_default_and_nothing_else() {
    let documented = include_str!("../../../docs/configuration.md");
    for setting in catalogue::ALL {
        let row = documented.lines().find(|line| line.starts_with(&format!("| `{}` |", setting.key)));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md does not list {}", setting.key));
        if let Some(default) = setting.default {
            assert!(row.contains(&format!("`{default}`")), "docs/configuration.md: the default in {row}");
        }
    }
    let rows = documented.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, catalogue::ALL.len(), "docs/configuration.md lists what is not a setting");
}
