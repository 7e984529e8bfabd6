//! `/v1/products` and `/v1/search`.

pub mod diff;
mod filter;
pub mod get;
pub mod list;
pub mod search;
