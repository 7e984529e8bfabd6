//! A buyer orders. Stock is not looked at here: the fulfilment holds it, or cancels the order.

use std::{collections::HashMap, num::NonZeroU32};

use agrodeep_domain::{
    AccountId, Address, Currency, Money, Order, OrderId, OrderNumber, Personal, Product, ProductId, Quantity,
    delivery_terms::NoDelivery,
    money::MoneyError,
    order::{
        Conductor, DeliveryAgreed, LINES_MAX, OrderEvent, OrderLine, OrderPlaced, OrderRefusal, PlaceOrder,
    },
    product::Offer,
};
use chrono::NaiveDate;
use futures::{StreamExt, TryStreamExt};

use super::{agreed_delivery::agreed_delivery, hold_limit::within_limit};
use crate::{
    CommandContext, Commands, ExecuteError, Executed, Versioned, command_id, store_error::of_look_up,
};

/// How many products are looked up at the same time.
pub(super) const LOOK_UPS_MAX: usize = 16;

/// What a buyer wants.
#[derive(Clone, Debug)]
pub struct PlaceRequest {
    /// Who buys.
    pub buyer_id: AccountId,
    /// What.
    pub items: Vec<RequestedItem>,
    /// Where it goes.
    pub shipping_address: Personal<Address>,
    /// Who is billed, when not the same.
    pub billing_address: Option<Personal<Address>>,
    /// The day the buyer would like it.
    pub preferred_delivery_date: Option<NaiveDate>,
    /// What the buyer wishes for the whole order.
    pub notes: Option<Personal<String>>,
    /// Who conducts the fulfilment: the process managers, but for an import.
    pub conductor: Conductor,
}

/// One product that a buyer wants.
#[derive(Clone, Debug)]
pub struct RequestedItem {
    /// Which.
    pub product_id: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// What the buyer wishes for it.
    pub notes: Option<Personal<String>>,
}

/// An order that was placed.
#[derive(Clone, Debug)]
pub struct Placed {
    /// As it was placed: id, number, total, until when stock is held.
    pub order: OrderPlaced,
    /// What came of the command.
    pub executed: Executed<Order>,
}

/// What is wrong with an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemProblem {
    /// There is no such product.
    #[error("there is no such product")]
    UnknownProduct,
    /// It is no longer offered.
    #[error("the product is no longer offered")]
    Delisted,
    /// The same product is there before.
    #[error("the product is in item {first} already")]
    Duplicate {
        /// The index of that item.
        first: usize,
    },
    /// None of it is wanted.
    #[error("must be more than zero")]
    NoQuantity,
    /// It is sold in another currency than the items before.
    #[error("the product is sold in {currency}, those before in {expected}: an order has one currency")]
    OtherCurrency {
        /// The product's.
        currency: Currency,
        /// That of the items before.
        expected: Currency,
    },
    /// The price of so much cannot be said.
    #[error("the price of so much is no amount of money: it {0}")]
    Price(MoneyError),
}

impl ItemProblem {
    /// The item's field that is at fault.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::UnknownProduct | Self::Delisted | Self::Duplicate { .. } | Self::OtherCurrency { .. } => {
                "product_id"
            }
            Self::NoQuantity | Self::Price(_) => "quantity",
        }
    }
}

/// Why an order was not placed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlaceError {
    /// Nothing is ordered.
    #[error("an order needs at least one item")]
    NoItems,
    /// Too much is ordered.
    #[error("an order has at most {max} items")]
    TooManyItems {
        /// The most items an order may have.
        max: usize,
    },
    /// One item is wrong.
    #[error("item {index}: {problem}")]
    Item {
        /// Which, from 0.
        index: usize,
        /// What is wrong with it.
        problem: ItemProblem,
    },
    /// The buyer has as many unpaid orders of a product as one may have.
    #[error("item {index}: you have {limit} unpaid orders of this product: pay or cancel one of them first")]
    HoldLimit {
        /// Which item, from 0.
        index: usize,
        /// How many unpaid orders of one product a buyer may have.
        limit: NonZeroU32,
    },
    /// Its producers cannot deliver it so.
    #[error(transparent)]
    NoDelivery(NoDelivery),
    /// The command was not executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError<OrderRefusal>),
}

/// Places an order. Its id follows from the command's, so that a repeat finds it again.
pub async fn place(
    commands: &Commands,
    request: PlaceRequest,
    context: CommandContext,
) -> Result<Placed, PlaceError> {
    let order_id = OrderId::from_uuid(command_id::of_new_aggregate(context.command_id));
    check(&request.items)?;
    let lines = match priced(commands, &request.items).await {
        Ok(lines) => lines,
        // What was offered when the command came first may be offered no longer when it comes again.
        Err(error @ PlaceError::Item { .. }) => return placed_before(commands, order_id, error).await,
        Err(error) => return Err(error),
    };
    let agreed = match request.conductor {
        Conductor::ProcessManager => {
            let wished = request.preferred_delivery_date;
            match agreed_delivery(commands, &lines, wished, context.occurred_at).await? {
                Ok(agreed) => agreed,
                // What could be delivered when the command came first may be too late when it comes again.
                Err(error) => return placed_before(commands, order_id, PlaceError::NoDelivery(error)).await,
            }
        }
        // It was delivered, or not, long ago.
        Conductor::Import => None,
    };
    if let (Some(limit), Conductor::ProcessManager) = (commands.settings.hold_limit, request.conductor) {
        let products: Vec<_> = lines.iter().map(|line| line.product_id).collect();
        let refused = within_limit(commands, request.buyer_id, order_id, &products, limit).await?;
        if let Some(index) = refused.and_then(|refused| products.iter().position(|found| *found == refused)) {
            // Placed long ago and asked again: it was within the limit then.
            return placed_before(commands, order_id, PlaceError::HoldLimit { index, limit }).await;
        }
    }
    let day = context.occurred_at.date_naive();
    let number = commands.numbers.order(day).await.map_err(ExecuteError::from)?;
    let command = place_order(commands, (order_id, number), request, (lines, agreed), &context);
    let executed = commands.executor.execute::<Order>(order_id.uuid(), command, context).await?;
    let Some(OrderEvent::OrderPlaced(order)) = executed.events.first() else {
        return Err(ExecuteError::Damaged("placing an order gave no order".to_owned()).into());
    };
    let order = order.clone();
    if !executed.repeated {
        metrics::counter!("orders_created_total", "status" => "pending", "payment_method" => "card")
            .increment(1);
    }
    Ok(Placed { order, executed })
}

fn check(items: &[RequestedItem]) -> Result<(), PlaceError> {
    if items.is_empty() {
        return Err(PlaceError::NoItems);
    }
    if items.len() > LINES_MAX {
        return Err(PlaceError::TooManyItems { max: LINES_MAX });
    }
    let mut seen = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        if item.quantity.is_zero() {
            return Err(PlaceError::Item { index, problem: ItemProblem::NoQuantity });
        }
        if let Some(first) = seen.insert(item.product_id, index) {
            return Err(PlaceError::Item { index, problem: ItemProblem::Duplicate { first } });
        }
    }
    Ok(())
}

/// The lines of the order at the products' prices of this moment.
async fn priced(commands: &Commands, items: &[RequestedItem]) -> Result<Vec<OrderLine>, PlaceError> {
    // Only what is needed: a product may carry thousands of holds.
    let ids: Vec<_> = items.iter().map(|item| item.product_id.uuid()).collect();
    let offers: Vec<Option<Offered>> = futures::stream::iter(ids)
        .map(|id| commands.executor.inspect::<Product, _>(id, offered))
        .buffered(LOOK_UPS_MAX)
        .try_collect()
        .await
        .map_err(of_look_up)?;
    let mut lines: Vec<OrderLine> = Vec::with_capacity(items.len());
    let mut total: Option<Money> = None;
    for (index, (item, offered)) in items.iter().zip(offers).enumerate() {
        let line = line(item, offered, total).map_err(|problem| PlaceError::Item { index, problem })?;
        let sum = match total {
            None => Ok(line.total),
            Some(total) => total.plus(line.total),
        };
        total = Some(sum.map_err(|error| PlaceError::Item { index, problem: ItemProblem::Price(error) })?);
        lines.push(line);
    }
    Ok(lines)
}

/// What of a product an order needs to know.
struct Offered {
    offer: Offer,
    delisted: bool,
}

fn offered(product: &Versioned<Product>) -> Option<Offered> {
    let Product { offer, delisted, .. } = &product.state;
    offer.clone().map(|offer| Offered { offer, delisted: *delisted })
}

fn line(
    item: &RequestedItem,
    offered: Option<Offered>,
    total: Option<Money>,
) -> Result<OrderLine, ItemProblem> {
    let Offered { offer, delisted } = offered.ok_or(ItemProblem::UnknownProduct)?;
    if delisted {
        return Err(ItemProblem::Delisted);
    }
    let currency = offer.price.currency();
    if let Some(expected) = total.map(|total| total.currency()).filter(|expected| *expected != currency) {
        return Err(ItemProblem::OtherCurrency { currency, expected });
    }
    Ok(OrderLine {
        product_id: item.product_id,
        producer_id: offer.producer_id,
        name: offer.details.name,
        quantity: item.quantity,
        unit: offer.details.unit,
        unit_price: offer.price,
        total: offer.price.times(item.quantity).map_err(ItemProblem::Price)?,
        notes: item.notes.clone(),
    })
}

fn place_order(
    commands: &Commands,
    (order_id, number): (OrderId, OrderNumber),
    request: PlaceRequest,
    (lines, agreed_delivery): (Vec<OrderLine>, Option<DeliveryAgreed>),
    context: &CommandContext,
) -> PlaceOrder {
    PlaceOrder {
        order_id,
        number,
        buyer_id: request.buyer_id,
        lines,
        shipping_address: request.shipping_address.into_inner(),
        billing_address: request.billing_address.map(Personal::into_inner),
        preferred_delivery_date: request.preferred_delivery_date,
        agreed_delivery,
        notes: request.notes.map(Personal::into_inner),
        expires_at: context.occurred_at + commands.settings.hold,
        conductor: request.conductor,
    }
}

/// The order, if this very command has placed it before; else `error`.
async fn placed_before(
    commands: &Commands,
    order_id: OrderId,
    error: PlaceError,
) -> Result<Placed, PlaceError> {
    let Versioned { state, position, .. } = commands.executor.state::<Order>(order_id.uuid()).await?;
    let Some(order) = state.placed else {
        return Err(error);
    };
    let mut events: Vec<OrderEvent> = vec![order.clone().into()];
    events.extend(state.agreed_delivery.map(OrderEvent::from));
    let version = events.len() as u64;
    let executed = Executed { events, version, position, repeated: true };
    Ok(Placed { order, executed })
}
