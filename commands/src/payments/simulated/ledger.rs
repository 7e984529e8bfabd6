//! What was really taken and given back, order by order: for those who check.

use agrodeep_domain::{Money, OrderId};
use uuid::Uuid;

use super::{super::gateway::GatewayError, SimulatedGateway, intents, unavailable};

/// The payments of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The order.
    pub order_id: OrderId,
    /// How many payments were asked for.
    pub intents: u32,
    /// How many of them succeeded.
    pub charges: u32,
    /// What was taken in all.
    pub captured: Money,
    /// What was given back of it.
    pub refunded: Money,
}

impl SimulatedGateway {
    /// All payments, by order.
    pub async fn ledger(&self) -> Result<Vec<LedgerEntry>, GatewayError> {
        let rows: Vec<(Uuid, String, i64, i64, i64, i64)> = sqlx::query_as(
            "select order_id, currency, count(*), count(*) filter (where captured > 0),
                    sum(captured)::bigint, sum(refunded)::bigint
             from simulator_intents group by order_id, currency order by order_id, currency",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows.into_iter()
            .map(|(order_id, currency, intents, charges, captured, refunded)| {
                let money = |amount| {
                    intents::money(amount, &currency).ok_or_else(|| {
                        GatewayError::Unavailable(format!("no amount of money: {amount} {currency}"))
                    })
                };
                Ok(LedgerEntry {
                    order_id: OrderId::from_uuid(order_id),
                    intents: intents as u32,
                    charges: charges as u32,
                    captured: money(captured)?,
                    refunded: money(refunded)?,
                })
            })
            .collect()
    }

    /// How many webhooks have yet to be taken.
    pub async fn webhooks_pending(&self) -> Result<u64, GatewayError> {
        let (pending,): (i64,) =
            sqlx::query_as("select count(*) from simulator_webhooks where delivered_at is null")
                .fetch_one(&self.pool)
                .await
                .map_err(unavailable)?;
        Ok(pending.unsigned_abs())
    }
}
