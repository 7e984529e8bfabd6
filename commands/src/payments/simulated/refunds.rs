//! Money given back.

use sqlx::PgPool;

use super::{
    super::gateway::{
        CreateRefund, GatewayError, GatewayKey, IntentStatus, KEY_REUSED, MISSING, Refund, RefundStatus,
        TOO_MUCH, UNEXPECTED_STATE,
    },
    intents, messages, random_id, unavailable,
};

fn rejected(code: &str, message: &str) -> GatewayError {
    GatewayError::Rejected { code: code.to_owned(), message: message.to_owned() }
}

/// Here money is back at once.
fn given(id: String, request: &CreateRefund, key: &str) -> Refund {
    let (intent_id, amount) = (request.intent_id.clone(), request.amount);
    Refund { id, intent_id, amount, status: RefundStatus::Succeeded, made_with: Some(key.to_owned()) }
}

pub(super) async fn of_intent(pool: &PgPool, intent_id: &str) -> Result<Vec<Refund>, GatewayError> {
    let rows: Vec<(String, i64, String, String)> = sqlx::query_as(
        "select r.id, r.amount, i.currency, r.idempotency_key from simulator_refunds r join simulator_intents i on i.id = r.intent_id
         where i.id = $1 order by r.created_at desc, r.id",
    )
    .bind(intent_id)
    .fetch_all(pool)
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|(id, amount, currency, key)| {
            let amount = intents::money(amount, &currency).ok_or_else(|| {
                GatewayError::Unavailable(format!("no amount of money: {amount} {currency}"))
            })?;
            Ok(given(id, &CreateRefund { intent_id: intent_id.to_owned(), amount }, &key))
        })
        .collect()
}

pub(super) async fn create(
    pool: &PgPool,
    request: &CreateRefund,
    key: &GatewayKey,
) -> Result<Refund, GatewayError> {
    let intent = intents::by_id(pool, &request.intent_id)
        .await?
        .ok_or_else(|| rejected(MISSING, &format!("there is no payment {}", request.intent_id)))?;
    if request.amount.is_zero() || request.amount.currency() != intent.amount.currency() {
        return Err(rejected(
            "parameter_invalid_integer",
            "must be more than zero, in the payment's currency",
        ));
    }
    if let Some(refund) = by_key(pool, request, key).await? {
        return Ok(refund);
    }
    if intent.status != IntentStatus::Succeeded {
        return Err(rejected(UNEXPECTED_STATE, "only what was paid can be given back"));
    }
    let refund = given(random_id("re"), request, key.as_str());
    let event_id = random_id("evt");
    // The sum of the refunds stands in the payment's row, so that two at the same moment see each other.
    let written = sqlx::query(
        "with given_back as (
             update simulator_intents set refunded = refunded + $3
             where id = $1 and refunded + $3 <= captured returning id
         ), noted as (
             insert into simulator_refunds (id, idempotency_key, intent_id, amount)
             select $2, $4, id, $3 from given_back returning id
         )
         insert into simulator_webhooks (event_id, body) select $5, $6 from noted",
    )
    .bind(&intent.id)
    .bind(&refund.id)
    .bind(request.amount.hundredths())
    .bind(key.as_str())
    .bind(&event_id)
    .bind(messages::refunded(&event_id, &intent, &refund))
    .execute(pool)
    .await;
    match written {
        Ok(written) if written.rows_affected() == 1 => Ok(refund),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => by_key(pool, request, key)
            .await?
            .ok_or_else(|| GatewayError::Unavailable("a refund came and went".to_owned())),
        // Too much with what has been given back: by the same key a moment ago, in full by another, or too much indeed.
        Ok(_) => match by_key(pool, request, key).await? {
            Some(refund) => Ok(refund),
            None => in_full(pool, request)
                .await?
                .ok_or_else(|| rejected(TOO_MUCH, "more than is left of the payment")),
        },
        Err(error) => Err(unavailable(error)),
    }
}

/// The refund that this key has made before.
async fn by_key(
    pool: &PgPool,
    request: &CreateRefund,
    key: &GatewayKey,
) -> Result<Option<Refund>, GatewayError> {
    let row: Option<(String, String, i64)> =
        sqlx::query_as("select id, intent_id, amount from simulator_refunds where idempotency_key = $1")
            .bind(key.as_str())
            .fetch_optional(pool)
            .await
            .map_err(unavailable)?;
    match row {
        None => Ok(None),
        Some((id, intent_id, amount))
            if intent_id == request.intent_id && amount == request.amount.hundredths() =>
        {
            Ok(Some(given(id, request, key.as_str())))
        }
        Some(_) => Err(rejected(KEY_REUSED, "the key was used for another refund")),
    }
}

/// The one refund that has given all of the payment back, if that is what is wanted.
async fn in_full(pool: &PgPool, request: &CreateRefund) -> Result<Option<Refund>, GatewayError> {
    let row: Option<(String, String)> = sqlx::query_as(
        "select r.id, r.idempotency_key from simulator_refunds r join simulator_intents i on i.id = r.intent_id
         where i.id = $1 and r.amount = i.captured and r.amount = $2",
    )
    .bind(&request.intent_id)
    .bind(request.amount.hundredths())
    .fetch_optional(pool)
    .await
    .map_err(unavailable)?;
    Ok(row.map(|(id, key)| given(id, request, &key)))
}
