//! `POST /v1/payments/intent`: begin to pay an order.

use agrodeep_commands::{
    Commands,
    payments::{self, IntentRequest},
};
use agrodeep_http::{ExactMoney, Invalid, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Buyers, Caller, CommandHeaders},
    input, problems,
    routes::CommandProblems,
};

/// Which order is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntentBody {
    /// The order.
    #[schema(example = "ord_01h455vb4pex5vsknk084sn02q")]
    order_id: String,
}

/// What the buyer needs to pay at the provider.
#[derive(Serialize, ToSchema)]
pub struct IntentView {
    /// The provider's id of the payment.
    #[schema(example = "pi_3MtwBwLkdIwHu7ix28a3tqPa")]
    payment_intent_id: String,
    /// What lets its holder pay: keep it from others.
    client_secret: String,
    /// How much.
    #[schema(example = 13.50)]
    amount: ExactMoney,
    /// In which currency.
    #[schema(example = "EUR")]
    currency: String,
    /// How far it has come at the provider.
    #[schema(example = "requires_payment_method")]
    status: &'static str,
}

/// Begin to pay an order. Needs an `Idempotency-Key`. Waits for the order's stock to be held; asked again, it gives the same
/// payment.
#[utoipa::path(
    post, path = "/v1/payments/intent", tag = "payments", security(("bearer" = [])),
    params(CommandHeaders),
    request_body = IntentBody,
    responses((status = 201, description = "The payment", body = IntentView), CommandProblems)
)]
pub async fn intent(
    State(commands): State<Commands>,
    caller: Caller<Buyers>,
    StrictJson { value: body, raw }: StrictJson<IntentBody>,
) -> Result<Response, Problem> {
    caller.require_key()?;
    let mut invalid = Invalid::new();
    let order_id = input::id("/order_id", &body.order_id, &mut invalid);
    let request =
        IntentRequest { order_id: invalid.finish(order_id)?, buyer_id: caller.signed_in.account_id };
    caller
        .run(&raw, move |_| async move {
            let answer = payments::intent(&commands, request).await.map_err(problems::intent)?;
            let intent = answer.intent;
            let view = IntentView {
                payment_intent_id: intent.id,
                client_secret: intent.client_secret.reveal().to_owned(),
                amount: ExactMoney(intent.amount),
                currency: intent.amount.currency().to_string(),
                status: intent.status.as_str(),
            };
            Ok(Answer::json(StatusCode::CREATED, &view)?.version(answer.version).position(answer.position))
        })
        .await
}
