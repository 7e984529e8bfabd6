//! The command line: what can be asked of the binary, in words for people who see it for the first time.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    bench::Bench,
    commands,
    settings::{Flags, Settings, SettingsProblem, Sources},
};

/// A marketplace for farm produce, built on an event log.
#[derive(Debug, Parser)]
#[command(
    name = "agrodeep",
    version,
    about = "AgroDeep: farmers sell, buyers order, drivers deliver, and everything that happened can be read back",
    long_about = "AgroDeep is the backend of a marketplace: farmers sell, buyers order and pay, drivers deliver.\n\
                  Everything that happens is an event in one log; commands go to a write API, queries to a read API.\n\n\
                  `agrodeep up` runs all of it in one process, on a private PostgreSQL under the data folder.\n\
                  The same parts also run as processes of their own (write-api, read-api, projections,\n\
                  process-managers) on the database that DATABASE_URL names.",
    after_help = "Try it:\n  \
                  agrodeep up --demo        start, with demo accounts and a small catalogue\n  \
                  agrodeep tour             then, in another terminal: walk through orders, payments and deliveries\n\n\
                  Settings come from agrodeep.toml, the environment (AGRODEEP_…) and flags: see docs/configuration.md.",
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every subcommand takes.
#[derive(Args, Debug)]
pub struct Common {
    /// The settings file [default: agrodeep.toml, if there is one]
    #[arg(long, value_name = "FILE", global = true, help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// The folder of everything that must outlive the process [default: ./data]
    #[arg(long, value_name = "DIR", global = true, help_heading = "Settings")]
    pub data_dir: Option<PathBuf>,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    Up(commands::up::Up),
    WriteApi(commands::write_api::WriteApi),
    ReadApi(commands::read_api::ReadApi),
    Projections(commands::projections::Projections),
    ProcessManagers(commands::process_managers::ProcessManagers),
    Migrate(commands::migrate::Migrate),
    Status(commands::status::Status),
    #[command(subcommand)]
    Parked(commands::parked::Parked),
    #[command(subcommand)]
    Payments(commands::payments::Payments),
    #[command(subcommand)]
    Saga(commands::saga::Saga),
    #[command(subcommand)]
    Accounts(commands::accounts::Accounts),
    #[command(subcommand)]
    Import(commands::import::Import),
    Tour(commands::tour::Tour),
    Rebuild(commands::rebuild::Rebuild),
    #[command(subcommand)]
    Audit(commands::audit::Audit),
    #[command(subcommand)]
    Log(commands::log::Log),
    Replay(commands::replay::ReplayLog),
    #[command(subcommand)]
    Bench(Bench),
}

impl Cli {
    /// Does what is asked.
    ///
    /// # Errors
    /// What went wrong, for the person who asked.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { common, command } = self;
        match command {
            Command::Up(command) => command.run(&common).await,
            Command::WriteApi(command) => command.run(&common).await,
            Command::ReadApi(command) => command.run(&common).await,
            Command::Projections(command) => command.run(&common).await,
            Command::ProcessManagers(command) => command.run(&common).await,
            Command::Migrate(command) => command.run(&common).await,
            Command::Status(command) => command.run(&common).await,
            Command::Parked(command) => command.run(&common).await,
            Command::Payments(command) => command.run(&common).await,
            Command::Saga(command) => command.run(&common).await,
            Command::Accounts(command) => command.run(&common).await,
            Command::Import(command) => command.run(&common).await,
            Command::Tour(command) => command.run(&common).await,
            Command::Rebuild(command) => command.run(&common).await,
            Command::Audit(command) => command.run(&common).await,
            Command::Log(command) => command.run(&common).await,
            Command::Replay(command) => command.run(&common).await,
            Command::Bench(command) => command.run().await,
        }
    }
}

impl Common {
    /// The settings of this process: `flags` beat the environment, which beats the file.
    ///
    /// # Errors
    /// [`SettingsProblem`], in one line.
    pub fn settings(&self, flags: [Option<Flag>; 2]) -> Result<Settings, SettingsProblem> {
        let mut given = Flags::new();
        if let Some(data_dir) = &self.data_dir {
            given.insert("data_dir", ("--data-dir", data_dir.to_string_lossy().into_owned()));
        }
        for Flag { setting, name, value } in flags.into_iter().flatten() {
            given.insert(setting, (name, value));
        }
        Settings::load(&Sources::of_this_process(self.config.clone(), given)?)
    }
}

/// A setting given on the command line.
pub struct Flag {
    /// Which setting.
    pub setting: &'static str,
    /// The flag's name.
    pub name: &'static str,
    /// What was given.
    pub value: String,
}

impl Flag {
    /// `--write ADDR`, if it was given.
    pub fn write(value: Option<&String>) -> Option<Self> {
        Some(Self { setting: "write_address", name: "--write", value: value?.clone() })
    }

    /// `--read ADDR`, if it was given.
    pub fn read(value: Option<&String>) -> Option<Self> {
        Some(Self { setting: "read_address", name: "--read", value: value?.clone() })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
