//! Conducting the fulfilment of orders that were fulfilled long ago, for an import.
//!
//! The runner leaves orders alone that were placed with [`Conductor::Import`]. Whoever imports them places an order, asks
//! [`ImportConductor::advance`] to take its fulfilment as far as it goes, does what happened next (paid, prepared, picked up,
//! delivered), and asks again. Stopped at any point and asked again, nothing is done twice.

use std::{sync::Arc, time::Duration};

use agrodeep_commands::{CommandContext, Commands, ExecuteError, Executor, Versioned};
use agrodeep_domain::{
    Delivery, Order, OrderId,
    delivery::DeliveryStatus,
    order::{Conductor, OrderStatus, PaymentStatus},
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    drive::{Discretion, Driver, Halt},
    effects::{Cause, Services},
    imported_payments::ImportedPayments,
    order_fulfilment::{Fact, Observe, OrderFulfilment, StartFulfilment, Step},
    retry::RetryPolicy,
};

/// Why an imported order could not be taken further. Asking again goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvanceError {
    /// There is no such order.
    #[error("there is no such order")]
    NoSuchOrder,
    /// The order was not placed by an import: the process managers fulfil it.
    #[error("the order was not placed by an import")]
    NotImported,
    /// The log or the database cannot be reached.
    #[error("the log cannot be reached: {0}")]
    Unavailable(String),
    /// Something could not be done or recorded.
    #[error("{0}")]
    Failed(String),
}

/// Conducts the fulfilment of imported orders. Clones share everything.
#[derive(Clone)]
pub struct ImportConductor {
    executor: Executor,
    driver: Driver,
}

/// What was observed happened at a given time, and nothing is tried twice on its own account.
struct Then(DateTime<Utc>);

impl Discretion for Then {
    fn may_act(&self) -> bool {
        true
    }

    fn retries(&self, _: Step) -> Option<&RetryPolicy> {
        None
    }

    fn effect_time_max(&self) -> Option<Duration> {
        None
    }

    fn holds_back(&self, _: Step) -> bool {
        false
    }

    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

impl ImportConductor {
    /// Conducts with the market's commands; the payment provider is never asked.
    pub fn new(commands: &Commands) -> Self {
        let services = Services { gateway: Arc::new(ImportedPayments), ..Services::of(commands) };
        Self { executor: commands.executor.clone(), driver: Driver::new(services) }
    }

    /// Takes the fulfilment of an order as far as it goes, and gives how it stands then: it waits for what happens next, or
    /// has ended. Everything is recorded with the actor, the correlation and the time (`occurred_at`) of `context`.
    ///
    /// # Errors
    /// [`AdvanceError`].
    pub async fn advance(
        &self,
        order_id: OrderId,
        context: &CommandContext,
    ) -> Result<OrderFulfilment, AdvanceError> {
        let order = self.look(order_id.uuid(), |order: &Order| order.clone()).await?;
        let Some(placed) = &order.placed else {
            return Err(AdvanceError::NoSuchOrder);
        };
        if placed.conductor != Conductor::Import {
            return Err(AdvanceError::NotImported);
        }
        let observe = Observe {
            conductor: Conductor::Import,
            start: Some(StartFulfilment::of(placed, context.correlation_id)),
            facts: self.facts(&order).await?,
        };
        let tell = CommandContext { command_id: Uuid::now_v7(), if_match: None, ..context.clone() };
        let cause = Cause {
            actor: context.actor.clone(),
            correlation_id: context.correlation_id,
            causation_id: tell.command_id,
            traceparent: context.traceparent.clone(),
            occurred_at: context.occurred_at,
        };
        let standing = self.driver.tell(order_id, observe, tell).await?;
        Ok(self.driver.drive(order_id, cause, standing, &Then(context.occurred_at)).await?)
    }

    /// What has happened so far, read from the order and its delivery.
    async fn facts(&self, order: &Order) -> Result<Vec<Fact>, AdvanceError> {
        let mut facts = Vec::new();
        match order.payment.status {
            PaymentStatus::None | PaymentStatus::Requested => {}
            PaymentStatus::Declined => facts.push(Fact::PaymentDeclined),
            PaymentStatus::Captured | PaymentStatus::RefundRequested => facts.push(Fact::PaymentCaptured),
            PaymentStatus::Refunded => facts.extend([Fact::PaymentCaptured, Fact::PaymentRefunded]),
        }
        facts.extend(order.cancelled.as_ref().map(|cancelled| Fact::OrderCancelled(cancelled.reason)));
        let on_the_way = matches!(order.status, OrderStatus::Shipped | OrderStatus::Delivered);
        if let Some(delivery) = order.delivery.filter(|_| on_the_way) {
            let id = delivery.delivery_id;
            facts.push(Fact::OrderShipped(id));
            match self.look(id.uuid(), |delivery: &Delivery| delivery.status).await? {
                DeliveryStatus::Delivered => facts.push(Fact::DeliveryCompleted(id)),
                DeliveryStatus::Failed => facts.push(Fact::DeliveryFailed(id)),
                DeliveryStatus::Scheduled
                | DeliveryStatus::Assigned
                | DeliveryStatus::PickedUp
                | DeliveryStatus::InTransit
                | DeliveryStatus::Cancelled => {}
            }
        }
        Ok(facts)
    }

    async fn look<A: agrodeep_domain::Aggregate, T: Send + 'static>(
        &self,
        id: Uuid,
        look: impl FnOnce(&A) -> T + Send + 'static,
    ) -> Result<T, AdvanceError> {
        let looked = self.executor.inspect(id, |found: &Versioned<A>| look(&found.state)).await;
        looked.map_err(|error| match error {
            ExecuteError::Unavailable(why) | ExecuteError::Unknown(why) => AdvanceError::Unavailable(why),
            error => AdvanceError::Failed(error.to_string()),
        })
    }
}

impl From<Halt> for AdvanceError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Outage(why) => Self::Unavailable(why),
            Halt::NotOurs => Self::NotImported,
            Halt::Damaged(_) | Halt::Stopped | Halt::Effect { .. } => Self::Failed(halt.to_string()),
        }
    }
}
