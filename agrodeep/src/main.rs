//! The one binary: command line, configuration, telemetry, and the composing of the parts, each built once.
//!
//! It must never hold a business rule.

mod banner;
mod bench;
mod cli;
mod commands;
mod compose;
mod data_dir;
mod database;
mod demo;
mod import;
mod lifecycle;
mod settings;
mod telemetry;
mod terminal;
mod tour;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    // Before anything else: the first use of TLS picks up the provider that is installed then.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("agrodeep: another TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("agrodeep: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(cli.run());
    // What still blocks a thread (PostgreSQL starting, when a signal came) must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agrodeep: {error:#}");
            ExitCode::FAILURE
        }
    }
}
