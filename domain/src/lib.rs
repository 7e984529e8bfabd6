//! What AgroDeep's market is about: orders, products, deliveries and accounts; and the protocol by which an order is fulfilled.
//!
//! Everything here is pure and synchronous. An aggregate *decides* ([`Aggregate::decide`]: a command becomes events or a
//! refusal) and *applies* ([`Aggregate::apply`]: total, never refuses). Time, ids and numbers arrive in the command.
//!
//! This crate must never know tokio, SQL, HTTP, clocks, randomness or payment gateways.

/// What lives here under the name that others know it by.
extern crate self as agrodeep_domain;

pub mod account;
pub mod actor;
pub mod address;
pub mod aggregate;
mod as_text;
pub mod command_id;
mod decimal;
pub mod delivery;
pub mod delivery_terms;
pub mod delivery_track;
pub mod evolution;
#[cfg(test)]
mod fixtures;
pub mod id;
pub mod localized;
pub mod money;
pub mod numbering;
pub mod order;
pub mod order_fulfilment;
pub mod personal;
pub mod product;
#[cfg(test)]
mod properties;
pub mod quantity;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod strategies;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use account::Account;
pub use actor::{Actor, Role};
pub use address::{Address, GeoPoint};
pub use aggregate::{Aggregate, DomainEvent};
pub use delivery::Delivery;
pub use delivery_track::DeliveryTrack;
pub use id::{AccountId, DeliveryId, OrderId, ProductId};
pub use localized::{Language, LocalizedText};
pub use money::{Currency, Money};
pub use numbering::{OrderNumber, TrackingNumber};
pub use order::Order;
pub use order_fulfilment::OrderFulfilment;
pub use personal::Personal;
pub use product::Product;
pub use quantity::{Quantity, Unit};
