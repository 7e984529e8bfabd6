//! From what a client sent to what the market understands: each parser takes a body's part and notes all that is wrong.

mod address;
mod country;
mod localized;
mod parked;
mod product;

pub use self::{
    address::AddressBody,
    localized::Texts,
    parked::ParkedPath,
    product::{DetailsBody, currency, id, quantity},
};
