//! A product as one producer offers it, with its stock and who holds some of it.
//!
//! Always: available = on hand − held ≥ 0. A hold belongs to one order; it is released, expires, or is committed when the
//! order ships.

mod commit;
mod count_stock;
mod create;
mod delist;
mod describe;
mod event;
#[cfg(test)]
pub(crate) mod fixtures;
mod hold;
#[cfg(test)]
mod properties;
mod reduce;
mod refusal;
mod release;
mod reprice;
mod update;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::{
    commit::CommitHold,
    count_stock::CountStock,
    create::CreateProduct,
    delist::DelistProduct,
    describe::DescribeProduct,
    event::*,
    hold::HoldStock,
    reduce::ReduceHold,
    refusal::ProductRefusal,
    release::{ExpireHold, ReleaseHold},
    reprice::RepriceProduct,
    update::UpdateProduct,
};
use crate::{AccountId, Aggregate, Money, OrderId, ProductId, Quantity};

/// Stock that is kept for one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// How much.
    pub quantity: Quantity,
    /// Until when it is kept without payment.
    pub expires_at: DateTime<Utc>,
}

/// The state of a product. Default: it does not exist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// What it is and whose; `None`: there is no such product.
    pub offer: Option<Offer>,
    /// Stock on hand.
    pub on_hand: Quantity,
    /// Holds by order.
    pub holds: BTreeMap<OrderId, Hold>,
    /// The sum of the holds.
    pub held: Quantity,
    /// Whether it is no longer offered.
    pub delisted: bool,
}

/// What a product is, whose it is and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The product.
    pub product_id: ProductId,
    /// Whose it is.
    pub producer_id: AccountId,
    /// What it is.
    pub details: ProductDetails,
    /// What one unit costs.
    pub price: Money,
}

crate::commands! {
    /// Everything that can be asked of a product.
    ProductCommand {
        /// Offer a new product.
        Create(CreateProduct),
        /// Say anew what it is.
        Describe(DescribeProduct),
        /// Change its price.
        Reprice(RepriceProduct),
        /// Say how much is on hand.
        CountStock(CountStock),
        /// Say several of these at once.
        Update(UpdateProduct),
        /// Offer it no longer.
        Delist(DelistProduct),
        /// Keep some for an order.
        Hold(HoldStock),
        /// Keep it no longer.
        Release(ReleaseHold),
        /// Keep it no longer, as nobody paid.
        Expire(ExpireHold),
        /// The order has left with it.
        Commit(CommitHold),
        /// Keep less of it for an order.
        Reduce(ReduceHold),
    }
}

impl Product {
    /// What can still be held: on hand − held.
    pub fn available(&self) -> Quantity {
        self.on_hand.saturating_sub(self.held)
    }

    /// The offer, or the refusal that there is no such product.
    fn offer(&self) -> Result<&Offer, ProductRefusal> {
        self.offer.as_ref().ok_or(ProductRefusal::NoSuchProduct)
    }

    /// The offer, if it is `producer`'s and still offered.
    fn offered_by(&self, producer: AccountId) -> Result<&Offer, ProductRefusal> {
        let offer = self.offer()?;
        if offer.producer_id != producer {
            return Err(ProductRefusal::NotYours);
        }
        if self.delisted {
            return Err(ProductRefusal::Delisted);
        }
        Ok(offer)
    }

    fn let_go(&mut self, order_id: OrderId) -> Quantity {
        let quantity = self.holds.remove(&order_id).map_or(Quantity::ZERO, |hold| hold.quantity);
        self.held = self.held.saturating_sub(quantity);
        quantity
    }
}

impl Aggregate for Product {
    const TYPE: &'static str = "product";
    const STATE_FORM: u32 = 2;
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Refusal = ProductRefusal;

    fn decide(&self, command: &ProductCommand) -> Result<Vec<ProductEvent>, ProductRefusal> {
        match command {
            ProductCommand::Create(command) => self.create(command),
            ProductCommand::Describe(command) => self.describe(command),
            ProductCommand::Reprice(command) => self.reprice(command),
            ProductCommand::CountStock(command) => self.count_stock(command),
            ProductCommand::Update(command) => self.update(command),
            ProductCommand::Delist(command) => self.delist(command),
            ProductCommand::Hold(command) => self.hold(command),
            ProductCommand::Release(command) => self.release(command),
            ProductCommand::Expire(command) => self.expire(command),
            ProductCommand::Commit(command) => self.commit(command),
            ProductCommand::Reduce(command) => self.reduce(command),
        }
    }

    fn apply(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::ProductCreated(event) => {
                self.on_hand = event.stock;
                self.offer = Some(Offer {
                    product_id: event.product_id,
                    producer_id: event.producer_id,
                    details: event.details.clone(),
                    price: event.price,
                });
            }
            ProductEvent::ProductDescribed(event) => {
                if let Some(offer) = &mut self.offer {
                    offer.details = event.details.clone();
                }
            }
            ProductEvent::ProductRepriced(event) => {
                if let Some(offer) = &mut self.offer {
                    offer.price = event.price;
                }
            }
            ProductEvent::StockCounted(event) => self.on_hand = event.on_hand,
            ProductEvent::ProductDelisted(_) => self.delisted = true,
            ProductEvent::StockHeld(event) => {
                self.let_go(event.order_id);
                self.held = self.held.checked_add(event.quantity).unwrap_or(self.held);
                self.holds
                    .insert(event.order_id, Hold { quantity: event.quantity, expires_at: event.expires_at });
            }
            ProductEvent::HoldReleased(event) => {
                self.let_go(event.order_id);
            }
            ProductEvent::HoldReduced(event) => {
                if let Some(hold) = self.holds.get_mut(&event.order_id) {
                    let freed = hold.quantity.saturating_sub(event.quantity);
                    hold.quantity = hold.quantity.saturating_sub(freed);
                    self.held = self.held.saturating_sub(freed);
                }
            }
            ProductEvent::HoldExpired(event) => {
                self.let_go(event.order_id);
            }
            ProductEvent::HoldCommitted(event) => {
                let quantity = self.let_go(event.order_id);
                self.on_hand = self.on_hand.saturating_sub(quantity);
            }
        }
    }
}

crate::cqrs_es_aggregate!(Product);
