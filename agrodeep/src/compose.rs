//! The one composition root: builds each part once, from the settings and the databases. Every subcommand takes its parts
//! from here, so that all of them are wired the same way.

mod apis;
mod catalogue;
mod differences;
mod log;
mod parked;
mod payments;
mod read_side;
mod rebuilds;
mod write_side;

pub use self::{
    apis::{Admin, read_api, write_api},
    catalogue::catalogue,
    log::{configured_log, open_log},
    parked::parking_desk,
    payments::{describe_provider, reconciliation, runner_settings, webhook_secrets},
    read_side::{ReadSide, index_dir, projections},
    rebuilds::rebuilds,
    write_side::{WriteSide, pool},
};
