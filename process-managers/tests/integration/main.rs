//! The fulfilment of orders on a real PostgreSQL, with the simulated payment provider.

#![allow(clippy::unwrap_used)]

mod deadlines;
mod delivery_days;
mod fulfilling;
mod imports;
mod killing;
mod late_deaths;
mod late_payments;
mod leases;
mod less;
mod life;
mod market;
mod matrix;
mod people;
mod reconciling;
mod shopping;
mod trouble;
