//! Every event there is.

pub use agrodeep_schemas::catalogue;
