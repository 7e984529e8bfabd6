//! What buyers order.

pub mod cancel;
pub mod place;
pub mod process;
