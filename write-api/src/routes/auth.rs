//! Accounts and signing in.

pub mod jwks;
pub mod login;
pub mod logout;
pub mod refresh;
pub mod register;
