//! What buyers order.

pub mod cancel;
pub mod lines;
pub mod place;
pub mod process;
