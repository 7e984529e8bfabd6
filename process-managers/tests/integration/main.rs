//! The fulfilment of orders on a real PostgreSQL, with the simulated payment provider.

#![allow(clippy::unwrap_used)]

mod deadlines;
mod fulfilling;
mod imports;
mod killing;
mod leases;
mod life;
mod market;
mod matrix;
mod shopping;
mod trouble;
