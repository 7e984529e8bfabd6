//! `/v1/products` and `/v1/search`.

mod filter;
pub mod diff;
pub mod get;
pub mod list;
pub mod search;
