//! The import of a year of real baskets, through the same commands as everybody's: each becomes an order that was placed,
//! paid, prepared and delivered when it happened.
//!
//! * [`complete_journey`] reads the two files, [`plan`] says what of them becomes what, [`price`] and [`describe`] how.
//! * [`market`] makes accounts and products, [`basket`] an order from placing to delivery, [`run`](mod@run) all of them.
//! * Every id follows from the source ([`ids`]), so an import that was stopped goes on where it was.

mod basket;
mod complete_journey;
mod counting_log;
mod describe;
mod ids;
mod market;
mod parquet_table;
mod plan;
mod price;
mod progress;
mod run;
mod summary;

pub use self::{
    complete_journey::CompleteJourney,
    describe::details,
    market::Market,
    plan::{Plan, PlannedBasket, Selection},
    progress::Progress,
    run::{Stopped, run},
    summary::Summary,
};
