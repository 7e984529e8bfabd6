//! The projections on a real database, fed with what the domain's aggregates would say.

#![allow(clippy::unwrap_used)]

mod accounts;
mod baskets;
mod deciding;
mod deliveries;
mod following;
mod history;
mod market;
mod orders;
mod parking;
mod products;
mod rebuild;
mod sagas;
mod search;
mod search_anew;
mod search_parked;
mod searching;
mod story;
mod verify;
mod waiting;
