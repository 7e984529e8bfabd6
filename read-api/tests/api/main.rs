//! The read API as clients meet it: a router in this process, a log and read models in a real PostgreSQL.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod contract;
mod delivery_days;
mod events;
mod history;
mod live;
mod operations;
mod orders;
mod past;
mod payments;
mod people;
mod positions;
mod products;
mod recommendations;
mod roles;
mod sagas;
mod search;
mod service;
mod story;
mod time_travel;
mod tracking;
mod world;
