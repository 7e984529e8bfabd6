//! One basket as an order: placed, paid, prepared, picked up and delivered, with the fulfilment conducted in between.
//!
//! Every command has an id that follows from the order's, so whatever a stopped run has done is recognised and not done
//! again; what it has not done is done now.

use agrodeep_commands::{
    CommandContext, ExecuteError, Versioned, command_id,
    delivery::{AssignRequest, CompleteRequest, DeliveryError, PickUpRequest, assign, complete, pick_up},
    order::{PlaceRequest, PrepareRequest, RequestedItem, place, prepare},
};
use agrodeep_domain::{
    Address, Money, Order, OrderId, Personal, Quantity,
    delivery::DeliveryRefusal,
    order::{CapturePayment, Conductor},
};
use agrodeep_process_managers::order_fulfilment::{FulfilmentOutcome, FulfilmentStarted, OrderFulfilment};
use anyhow::{Context, Result, anyhow, bail};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;

use super::{
    ids::Ids,
    market::{Market, importer, time},
    plan::PlannedBasket,
};

/// An order that was delivered, as the log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// How many products.
    pub lines: usize,
    /// How much of them, in thousandths of a piece.
    pub thousandths: i64,
    /// What was paid.
    pub total: Money,
}

/// An order on its way through the market.
struct Journey<'a> {
    market: &'a Market,
    order_id: OrderId,
    began_at: DateTime<Utc>,
}

/// Takes a basket from placing to delivery, or the rest of that way. `may_be_there`: an earlier run may have been here.
pub async fn import(market: &Market, basket: &PlannedBasket, may_be_there: bool) -> Result<Delivered> {
    let order_id = market.ids.order(basket.basket_id, basket.at_us);
    let journey = Journey { market, order_id, began_at: time(basket.at_us) };
    if may_be_there && let Some(delivered) = journey.delivered_before().await? {
        return Ok(delivered);
    }
    journey.travel(basket).await
}

impl Journey<'_> {
    async fn delivered_before(&self) -> Result<Option<Delivered>> {
        let look = |found: &Versioned<OrderFulfilment>| {
            let delivered = found.state.outcome == Some(FulfilmentOutcome::Delivered);
            found.state.started.as_ref().filter(|_| delivered).map(delivered_as)
        };
        Ok(self.market.commands.executor.inspect(self.order_id.uuid(), look).await?)
    }

    async fn travel(&self, basket: &PlannedBasket) -> Result<Delivered> {
        let commands = &self.market.commands;
        let request = self.request(basket)?;
        let placed = place(commands, request, self.first()).await.context("placing it")?.order;

        let standing = self.advance(1).await?;
        let intent_id = standing.intent_id.clone().ok_or_else(|| stuck(&standing))?;
        let capture = CapturePayment {
            provider_event_id: format!("{intent_id}_paid"),
            intent_id,
            amount: placed.total,
        };
        let order_uuid = self.order_id.uuid();
        commands
            .executor
            .execute::<Order>(order_uuid, capture, self.then("pay", 2))
            .await
            .context("paying it")?;

        let standing = self.advance(3).await?;
        let (delivery_id, _) = standing.delivery.ok_or_else(|| stuck(&standing))?;
        let mut producers: Vec<_> = placed.lines.iter().map(|line| line.producer_id).collect();
        producers.sort_unstable();
        producers.dedup();
        let preparing = producers.into_iter().map(|producer_id| {
            let request = PrepareRequest { order_id: self.order_id, producer_id };
            prepare(commands, request, self.then(&format!("prepare:{producer_id}"), 4))
        });
        let driver_id = Ids::driver();
        let assigning =
            assign(commands, AssignRequest { delivery_id, driver_id, vehicle: None }, self.then("assign", 5));
        tokio::try_join!(async { try_join_all(preparing).await.context("preparing it") }, async {
            assigning.await.context("giving it to the driver")
        },)?;

        let pick_up_request = PickUpRequest { delivery_id, driver_id };
        match pick_up(commands, pick_up_request, self.then("pick_up", 6)).await {
            // A run that was stopped had come further.
            Ok(_)
            | Err(DeliveryError::Delivery(ExecuteError::Refused(DeliveryRefusal::AlreadyDelivered))) => {}
            Err(error) => return Err(error).context("picking it up"),
        }
        let complete_request = CompleteRequest {
            delivery_id,
            driver_id,
            signature: Personal::new(format!("Household {}", basket.household_id)),
            photo: Personal::new(format!("import:basket/{}", basket.basket_id)),
        };
        complete(commands, complete_request, self.then("deliver", 7)).await.context("delivering it")?;

        let standing = self.advance(8).await?;
        match (&standing.started, standing.outcome) {
            (Some(started), Some(FulfilmentOutcome::Delivered)) => Ok(delivered_as(started)),
            _ => Err(stuck(&standing)),
        }
    }

    fn request(&self, basket: &PlannedBasket) -> Result<PlaceRequest> {
        let item = |line: &super::plan::PlannedLine| {
            let product_id = self.market.ids.product(line.product_id);
            Ok(RequestedItem { product_id, quantity: Quantity::whole(line.quantity)?, notes: None })
        };
        Ok(PlaceRequest {
            buyer_id: Ids::buyer(basket.household_id),
            items: basket.lines.iter().map(item).collect::<Result<_>>()?,
            shipping_address: Personal::new(address(basket.household_id)),
            billing_address: None,
            preferred_delivery_date: None,
            notes: None,
            conductor: Conductor::Import,
        })
    }

    /// Takes the fulfilment as far as it goes by itself.
    async fn advance(&self, step: i64) -> Result<OrderFulfilment> {
        let context = self.then("conduct", step);
        let standing =
            self.market.conductor.advance(self.order_id, &context).await.context("fulfilling it")?;
        if let Some(reason) = standing.unwinding {
            bail!("it was cancelled ({}): somebody else has bought of its products", reason.as_str());
        }
        Ok(standing)
    }

    /// The command that everything follows from. The order's id follows from its id.
    fn first(&self) -> CommandContext {
        let id = self.order_id.uuid();
        CommandContext {
            command_id: id,
            correlation_id: id,
            causation_id: id,
            ..CommandContext::new(importer(), self.began_at)
        }
    }

    /// A later command of the same basket. What happens later has a later time, by a millisecond a step.
    fn then(&self, name: &str, step: i64) -> CommandContext {
        let occurred_at = self.began_at + TimeDelta::milliseconds(step);
        let command_id = command_id::derived(self.order_id.uuid(), &format!("import:{name}"));
        CommandContext { command_id, occurred_at, ..self.first() }
    }
}

fn delivered_as(started: &FulfilmentStarted) -> Delivered {
    Delivered {
        lines: started.lines.len(),
        thousandths: started.lines.iter().map(|line| line.quantity.thousandths()).sum(),
        total: started.total,
    }
}

fn stuck(standing: &OrderFulfilment) -> anyhow::Error {
    anyhow!("its fulfilment stands at {}", standing.stands_at().unwrap_or("its end"))
}

/// Made up: the data set knows where nobody lives.
fn address(household_id: i64) -> Address {
    Address {
        street: format!("Household {household_id}"),
        city: "The Complete Journey".to_owned(),
        zip_code: "00000".to_owned(),
        country: "US".to_owned(),
        location: None,
    }
}
