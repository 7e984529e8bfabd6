//! What admins do to the system itself.

pub mod discard_rebuild;
pub mod get_rebuild;
pub mod replay_parked;
pub mod retry_parked;
pub mod sagas;
pub mod skip_parked;
pub mod start_rebuild;
pub mod stop_rebuild;
