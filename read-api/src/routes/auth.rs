//! `/v1/auth`: who is signed in. Signing in itself is the write API's.

pub mod me;
