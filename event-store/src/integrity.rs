//! Whether a log is whole, what it hashes to, and what is in it: read through the port, so for every store.

mod hash;
mod stats;
mod verify;

pub(crate) use self::hash::encode;
pub use self::{
    hash::{HashChain, LogHash, LogHashError, ORIGINALLY_RECORDED_AT},
    stats::{LogStats, StreamLength, TypeStats, stats},
    verify::{Problem, VerifyReport, verify},
};
