//! Payments: asked for, looked up, called off.

use agrodeep_domain::{Money, OrderId};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    super::gateway::{
        ClientSecret, CreateIntent, GatewayError, GatewayKey, Intent, IntentStatus, KEY_REUSED, MISSING,
        UNEXPECTED_STATE,
    },
    random_id, unavailable,
};

/// A payment's row, as all queries here give it.
pub(super) const COLUMNS: &str =
    "id, order_id, amount, currency, status, client_secret, captured, decline_code";

pub(super) type Row = (String, Uuid, i64, String, String, String, i64, Option<String>);

pub(super) fn read(row: Row) -> Result<Intent, GatewayError> {
    let (id, order_id, amount, currency, status, client_secret, captured, decline_code) = row;
    let damaged =
        |what: &str| GatewayError::Unavailable(format!("the simulator's ledger is damaged: {what}"));
    let status = match status.as_str() {
        "requires_payment_method" => IntentStatus::RequiresPaymentMethod,
        "processing" => IntentStatus::Processing,
        "succeeded" => IntentStatus::Succeeded,
        "canceled" => IntentStatus::Canceled,
        other => return Err(damaged(other)),
    };
    Ok(Intent {
        id,
        order_id: Some(OrderId::from_uuid(order_id)),
        amount: money(amount, &currency).ok_or_else(|| damaged(&currency))?,
        received: money(captured, &currency).ok_or_else(|| damaged(&currency))?,
        status,
        decline_code,
        client_secret: ClientSecret::new(client_secret),
    })
}

pub(super) fn money(amount: i64, currency: &str) -> Option<Money> {
    Money::from_hundredths(amount, currency.parse().ok()?).ok()
}

pub(super) async fn create(
    pool: &PgPool,
    request: &CreateIntent,
    key: &GatewayKey,
) -> Result<Intent, GatewayError> {
    if request.amount.is_zero() {
        return Err(GatewayError::Rejected {
            code: "parameter_invalid_integer".to_owned(),
            message: "the amount must be more than zero".to_owned(),
        });
    }
    let id = random_id("pi");
    let client_secret = random_id(&format!("{id}_secret"));
    sqlx::query(
        "insert into simulator_intents (id, idempotency_key, order_id, amount, currency, client_secret)
         values ($1, $2, $3, $4, $5, $6) on conflict (idempotency_key) do nothing",
    )
    .bind(&id)
    .bind(key.as_str())
    .bind(request.order_id.uuid())
    .bind(request.amount.hundredths())
    .bind(request.amount.currency().code())
    .bind(&client_secret)
    .execute(pool)
    .await
    .map_err(unavailable)?;
    let row: Row =
        sqlx::query_as(&format!("select {COLUMNS} from simulator_intents where idempotency_key = $1"))
            .bind(key.as_str())
            .fetch_one(pool)
            .await
            .map_err(unavailable)?;
    let intent = read(row)?;
    if intent.amount != request.amount || intent.order_id != Some(request.order_id) {
        return Err(GatewayError::Rejected {
            code: KEY_REUSED.to_owned(),
            message: "the key was used for another payment".to_owned(),
        });
    }
    Ok(intent)
}

pub(super) async fn by_id(pool: &PgPool, intent_id: &str) -> Result<Option<Intent>, GatewayError> {
    sqlx::query_as(&format!("select {COLUMNS} from simulator_intents where id = $1"))
        .bind(intent_id)
        .fetch_optional(pool)
        .await
        .map_err(unavailable)?
        .map(read)
        .transpose()
}

pub(super) async fn by_client_secret(
    pool: &PgPool,
    client_secret: &str,
) -> Result<Option<Intent>, GatewayError> {
    sqlx::query_as(&format!("select {COLUMNS} from simulator_intents where client_secret = $1"))
        .bind(client_secret)
        .fetch_optional(pool)
        .await
        .map_err(unavailable)?
        .map(read)
        .transpose()
}

pub(super) async fn of_order(pool: &PgPool, order_id: OrderId) -> Result<Option<Intent>, GatewayError> {
    sqlx::query_as(&format!(
        "select {COLUMNS} from simulator_intents where order_id = $1
         order by status = 'succeeded' desc, created_at desc limit 1",
    ))
    .bind(order_id.uuid())
    .fetch_optional(pool)
    .await
    .map_err(unavailable)?
    .map(read)
    .transpose()
}

pub(super) async fn cancel(pool: &PgPool, intent_id: &str) -> Result<Intent, GatewayError> {
    sqlx::query("update simulator_intents set status = 'canceled' where id = $1 and status = 'requires_payment_method'")
        .bind(intent_id)
        .execute(pool)
        .await
        .map_err(unavailable)?;
    let intent = by_id(pool, intent_id).await?.ok_or_else(|| GatewayError::Rejected {
        code: MISSING.to_owned(),
        message: format!("there is no payment {intent_id}"),
    })?;
    if intent.status == IntentStatus::Canceled {
        return Ok(intent);
    }
    Err(GatewayError::Rejected {
        code: UNEXPECTED_STATE.to_owned(),
        message: "a payment that has succeeded, or that the bank decides about, cannot be cancelled"
            .to_owned(),
    })
}
