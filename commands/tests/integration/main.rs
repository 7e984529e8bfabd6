//! What can be asked of the market, on a real PostgreSQL.

#![allow(clippy::unwrap_used)]

mod deliveries;
mod delivery_days;
mod gateway_conformance;
mod hold_limits;
mod idempotency;
mod market;
mod numbers;
mod orders;
mod payment_differences;
mod payment_intents;
mod products;
mod reservations;
mod shop;
mod simulated_behaviour;
mod simulated_gateway;
mod simulated_webhooks;
mod stripe;
mod webhooks;
