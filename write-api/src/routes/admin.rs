//! What admins do to the system itself.

pub mod discard_rebuild;
pub mod get_rebuild;
pub mod start_rebuild;
pub mod stop_rebuild;
