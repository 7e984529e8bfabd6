//! One file for each thing that can be asked of the binary.

pub mod accounts;
pub mod audit;
mod housekeeping;
pub mod import;
pub mod log;
pub mod migrate;
pub mod parked;
pub mod payments;
pub mod process_managers;
pub mod projections;
pub mod read_api;
pub mod rebuild;
pub mod replay;
pub mod saga;
pub mod status;
pub mod tour;
pub mod up;
mod webhooks;
pub mod write_api;
