//! The write API, asked in-process, on a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod absurd_input;
mod app;
mod auth;
mod bad_input;
mod contract;
mod deliveries;
mod delivery_terms;
mod every_route;
mod idempotency;
mod journey;
mod lines;
mod orders;
mod parked;
mod payments;
mod products;
mod rebuilds;
mod sagas;
mod tokens;
