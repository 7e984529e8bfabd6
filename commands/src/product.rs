//! What can be asked of a product.

mod count_stock_batch;
mod create;
mod delist;
mod traced_lot;
mod update;

pub use self::{
    count_stock_batch::{StockCount, StockCountError, count_stock_batch},
    create::{CreateRequest, create},
    delist::{DelistRequest, delist},
    traced_lot::ProductError,
    update::{UpdateRequest, Updated, update},
};
