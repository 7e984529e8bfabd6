//! Every setting: its name, its default, and what is right for it. `docs/configuration.md` lists the same (a test compares).

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use super::LogFormat;

/// One thing that can be set.
pub struct Setting {
    /// Its name in the file; in the environment `AGRODEEP_` and the name in capitals.
    pub key: &'static str,
    /// What holds when nobody says anything; `None`: it may stay unset.
    pub default: Option<&'static str>,
    /// What would be right, after "must be".
    pub right: &'static str,
    /// Whether its value must not be repeated in a message.
    pub secret: bool,
}

macro_rules! settings {
    ($($name:ident $key:literal default $default:expr; $right:literal $($secret:ident)?,)+) => {
        $(pub const $name: Setting =
            Setting { key: $key, default: $default, right: $right, secret: settings!(@ $($secret)?) };)+
        /// All of them.
        pub const ALL: &[&Setting] = &[$(&$name),+];
    };
    (@ secret) => { true };
    (@) => { false };
}

settings! {
    DATA_DIR "data_dir" default Some("./data"); "a folder, such as ./data",
    POSTGRES_BIN_DIR "postgres_bin_dir" default None;
        "the folder that holds the programs postgres and initdb, such as /usr/lib/postgresql/17/bin",
    DATABASE_URL "database_url" default None; "an address such as postgres://user:password@host/database" secret,
    DATABASE_READ_URL "database_read_url" default None;
        "an address such as postgres://user:password@host/database" secret,
    EVENT_STORE_URL "event_store_url" default None;
        "an address of KurrentDB, such as kurrentdb://user:password@host:2113" secret,
    DATABASE_CONNECTIONS "database_connections" default Some("16"); "a whole number from 1 to 1000",
    DATABASE_READ_CONNECTIONS "database_read_connections" default Some("8"); "a whole number from 1 to 1000",
    WRITE_ADDRESS "write_address" default Some("127.0.0.1:3000"); "an IP address and a port, such as 127.0.0.1:3000",
    READ_ADDRESS "read_address" default Some("127.0.0.1:3001"); "an IP address and a port, such as 127.0.0.1:3001",
    READ_PUBLIC_URL "read_public_url" default None; "an http or https address, such as https://api.example.org",
    HOLD_SECONDS "hold_seconds" default Some("1800"); "a whole number of seconds from 1 to 86400, such as 1800",
    SNAPSHOT_EVERY_EVENTS "snapshot_every_events" default Some("100");
        "a whole number of events from 0 (never) to 1000000, such as 100",
    SAGA_RETRIES "saga_retries" default Some("16/200ms/5m");
        "attempts/first pause/longest pause for all steps, then step=… for some, such as 16/200ms/5m refund_payment=30/1s/15m",
    READ_WAIT_SECONDS "read_wait_seconds" default Some("2"); "a whole number of seconds from 0 to 60, such as 2",
    REBUILD_GRACE_SECONDS "rebuild_grace_seconds" default Some("600");
        "a whole number of seconds from 0 to 604800, such as 600",
    RATE_LIMITS "rate_limits" default Some("on"); "on or off",
    WEBHOOK_SECRET "webhook_secret" default None; "at least 16 characters" secret,
    WEBHOOK_URL "webhook_url" default None;
        "an http or https address, such as http://127.0.0.1:3000/v1/payments/webhook",
    HOLD_EXTENSION_SECONDS "hold_extension_seconds" default Some("900");
        "a whole number of seconds from 0 (never) to 86400, such as 900",
    HOLD_LIMIT_ORDERS "hold_limit_orders" default Some("100"); "a whole number from 0 (no limit) to 1000, such as 100",
    RECONCILE_EVERY_SECONDS "reconcile_every_seconds" default Some("300");
        "a whole number of seconds from 0 (never) to 86400, such as 300",
    RECONCILE_AFTER_SECONDS "reconcile_after_seconds" default Some("600");
        "a whole number of seconds from 0 to 86400, such as 600",
    STRIPE_SECRET_KEY "stripe_secret_key" default None;
        "a secret or restricted key of Stripe, such as sk_test_… or rk_test_…" secret,
    STRIPE_WEBHOOK_SECRETS "stripe_webhook_secrets" default None;
        "the signing secrets of the webhook endpoint, whsec_…, separated by commas while they are rotated" secret,
    STRIPE_API_BASE "stripe_api_base" default None;
        "an http or https address without a slash at its end, such as https://api.stripe.com",
    SIMULATOR_LATENCY_MILLISECONDS "simulator_latency_milliseconds" default Some("0");
        "a whole number of milliseconds from 0 to 10000, such as 200",
    SIMULATOR_WEBHOOK_COPIES "simulator_webhook_copies" default Some("1"); "a whole number from 1 to 10",
    SIMULATOR_WEBHOOK_SHUFFLE_MILLISECONDS "simulator_webhook_shuffle_milliseconds" default Some("0");
        "a whole number of milliseconds from 0 to 4000, such as 500",
    SIMULATOR_WEBHOOK_LOSS_PERCENT "simulator_webhook_loss_percent" default Some("0");
        "a whole number from 0 to 100, such as 10",
    LOG_LEVEL "log_level" default Some("info");
        "error, warn, info, debug or trace, or directives such as info,agrodeep_commands=debug",
    LOG_FORMAT "log_format" default Some("auto"); "auto, json or pretty",
}

pub fn path(text: &str) -> Option<PathBuf> {
    (!text.trim().is_empty()).then(|| PathBuf::from(text))
}

pub fn postgres_url(text: &str) -> Option<SecretString> {
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"))?;
    (!rest.is_empty()).then(|| text.to_owned().into())
}

/// By its scheme: what follows the client of KurrentDB takes apart.
pub fn event_store_url(text: &str) -> Option<SecretString> {
    let (scheme, rest) = text.split_once("://")?;
    let kind = scheme.strip_suffix("+discover").unwrap_or(scheme);
    (matches!(kind, "kurrentdb" | "kurrent" | "kdb" | "esdb") && !rest.is_empty())
        .then(|| text.to_owned().into())
}

pub fn number(range: RangeInclusive<u32>) -> impl Fn(&str) -> Option<u32> {
    move |text| text.parse().ok().filter(|number| range.contains(number))
}

pub fn seconds(range: RangeInclusive<u32>) -> impl Fn(&str) -> Option<Duration> {
    move |text| number(range.clone())(text).map(|seconds| Duration::from_secs(seconds.into()))
}

pub fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some(SocketAddr::from(([127, 0, 0, 1], port)))
    })
}

/// Without the slash at its end, so that a path can follow.
pub fn http_url(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    usable.then(|| text.trim_end_matches('/').to_owned())
}

pub fn on_or_off(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

pub fn secret(text: &str) -> Option<SecretString> {
    (text.len() >= 16).then(|| text.to_owned().into())
}

pub fn milliseconds(range: RangeInclusive<u32>) -> impl Fn(&str) -> Option<Duration> {
    move |text| number(range.clone())(text).map(|milliseconds| Duration::from_millis(milliseconds.into()))
}

/// A publishable key (`pk_…`) is a mistake that would show only with the first payment.
pub fn stripe_key(text: &str) -> Option<SecretString> {
    let rest = text.strip_prefix("sk_").or_else(|| text.strip_prefix("rk_"))?;
    let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (rest.len() >= 8 && plain).then(|| text.to_owned().into())
}

/// One at least: whoever is to be believed must have one.
pub fn stripe_webhook_secrets(text: &str) -> Option<Vec<SecretString>> {
    let secrets: Option<Vec<_>> = text.split(',').map(|part| stripe_webhook_secret(part.trim())).collect();
    secrets.filter(|secrets| !secrets.is_empty())
}

fn stripe_webhook_secret(text: &str) -> Option<SecretString> {
    let rest = text.strip_prefix("whsec_")?;
    (rest.len() >= 8 && rest.is_ascii()).then(|| text.to_owned().into())
}

pub fn log_level(text: &str) -> Option<String> {
    EnvFilter::builder().parse(text).ok().filter(|_| !text.trim().is_empty()).map(|_| text.to_owned())
}

pub fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "auto" => Some(LogFormat::Auto),
        "json" => Some(LogFormat::Json),
        "pretty" => Some(LogFormat::Pretty),
        _ => None,
    }
}
