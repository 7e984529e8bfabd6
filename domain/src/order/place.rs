use std::{collections::HashSet, fmt};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Conductor, Order, OrderEvent, OrderLine, OrderPlaced, OrderRefusal};
use crate::{AccountId, Address, OrderId, OrderNumber, Personal};

/// The most lines an order may have.
pub const LINES_MAX: usize = 200;

/// Buy these products. Prices are those of the products at this moment; the caller has looked them up.
#[derive(Clone, PartialEq)]
pub struct PlaceOrder {
    /// The order's id.
    pub order_id: OrderId,
    /// Its number.
    pub number: OrderNumber,
    /// Who buys.
    pub buyer_id: AccountId,
    /// What; each product once.
    pub lines: Vec<OrderLine>,
    /// Where it goes.
    pub shipping_address: Address,
    /// Who is billed, when not the same.
    pub billing_address: Option<Address>,
    /// The day the buyer would like it.
    pub preferred_delivery_date: Option<NaiveDate>,
    /// What the buyer wishes for the whole order.
    pub notes: Option<String>,
    /// Until when stock is held for it without payment.
    pub expires_at: DateTime<Utc>,
    /// Who conducts its fulfilment.
    pub conductor: Conductor,
}

/// Personal data stays hidden.
impl fmt::Debug for PlaceOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceOrder")
            .field("order_id", &self.order_id)
            .field("number", &self.number)
            .field("buyer_id", &self.buyer_id)
            .field("lines", &self.lines)
            .field("expires_at", &self.expires_at)
            .field("conductor", &self.conductor)
            .finish_non_exhaustive()
    }
}

impl Order {
    pub(super) fn place(&self, command: &PlaceOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        if self.placed.is_some() {
            return Err(OrderRefusal::AlreadyPlaced);
        }
        let Some(first) = command.lines.first() else {
            return Err(OrderRefusal::NoLines);
        };
        if command.lines.len() > LINES_MAX {
            return Err(OrderRefusal::TooManyLines { max: LINES_MAX });
        }
        let mut seen = HashSet::new();
        let mut total = crate::Money::zero(first.unit_price.currency());
        for line in &command.lines {
            if line.quantity.is_zero() {
                return Err(OrderRefusal::NoQuantity(line.product_id));
            }
            if !seen.insert(line.product_id) {
                return Err(OrderRefusal::DuplicateProduct(line.product_id));
            }
            let expected = line.unit_price.times(line.quantity)?;
            if line.total != expected {
                return Err(OrderRefusal::OtherAmount { expected });
            }
            total = total.plus(line.total)?;
        }
        // Little of something cheap is rounded to nothing, and no provider takes a payment of nothing.
        if total.is_zero() {
            return Err(OrderRefusal::NothingToPay);
        }
        Ok(vec![
            OrderPlaced {
                order_id: command.order_id,
                number: command.number,
                buyer_id: command.buyer_id,
                lines: command.lines.clone(),
                total,
                shipping_address: Personal::new(command.shipping_address.clone()),
                billing_address: command.billing_address.clone().map(Personal::new),
                preferred_delivery_date: command.preferred_delivery_date,
                notes: command.notes.clone().map(Personal::new),
                expires_at: command.expires_at,
                conductor: command.conductor,
            }
            .into(),
        ])
    }
}
