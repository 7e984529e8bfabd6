//! What admins do to the system itself.

pub mod replay_parked;
pub mod retry_parked;
pub mod skip_parked;
