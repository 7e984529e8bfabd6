//! `POST /v1/payments/simulator/confirm`: the buyer pays, where the provider is simulated.

use agrodeep_commands::{idempotency::Fingerprint, payments::simulated::SimulatedGateway};
use agrodeep_http::{ExactMoney, IdempotencyKey, Problem, RequestContext, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{CommandHeaders, Parameterless},
    problems,
    routes::CommandProblems,
    runner::{Keyed, Runner},
};

/// What is paid, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBody {
    /// As `POST /v1/payments/intent` gave it.
    client_secret: String,
    /// One of Stripe's test cards: `pm_card_visa` succeeds, `pm_card_chargeDeclined` (or `…InsufficientFunds`, `…ExpiredCard`,
    /// `…IncorrectCvc`, `…ProcessingError`) is declined, `pm_usBankAccount_processing` waits for the bank.
    #[schema(example = "pm_card_visa")]
    payment_method: String,
}

/// What came of the attempt, at the provider. The order hears of it by webhook.
#[derive(Serialize, ToSchema)]
pub struct ConfirmedView {
    /// The provider's id of the payment.
    payment_intent_id: String,
    /// `succeeded`, `declined` or `processing`.
    #[schema(example = "succeeded")]
    outcome: &'static str,
    /// How far the payment has come at the provider.
    #[schema(example = "succeeded")]
    status: &'static str,
    /// How much.
    #[schema(example = 13.50)]
    amount: ExactMoney,
    /// In which currency.
    #[schema(example = "EUR")]
    currency: String,
}

/// Pay at the simulated provider. There is no such route with another provider.
#[utoipa::path(
    post, path = "/v1/payments/simulator/confirm", tag = "payments",
    params(CommandHeaders),
    request_body = ConfirmBody,
    responses((status = 200, description = "What came of the attempt", body = ConfirmedView), CommandProblems)
)]
pub async fn confirm(
    State(simulator): State<Option<SimulatedGateway>>,
    State(runner): State<Runner>,
    _: Parameterless,
    IdempotencyKey(key): IdempotencyKey,
    context: RequestContext,
    StrictJson { value: body, raw }: StrictJson<ConfirmBody>,
) -> Result<Response, Problem> {
    let simulator = simulator.ok_or_else(|| Problem::not_found("there is no such route"))?;
    let keyed = key.map(|key| Keyed {
        principal: "anonymous".to_owned(),
        key,
        fingerprint: Fingerprint::of("POST", "/v1/payments/simulator/confirm", &raw),
    });
    runner
        .run_once(&context, keyed, move |_| async move {
            let confirmed = simulator.confirm(&body.client_secret, &body.payment_method).await;
            let confirmation = confirmed.map_err(problems::confirm)?;
            let intent = confirmation.intent;
            let view = ConfirmedView {
                payment_intent_id: intent.id,
                outcome: confirmation.outcome.as_str(),
                status: intent.status.as_str(),
                amount: ExactMoney(intent.amount),
                currency: intent.amount.currency().to_string(),
            };
            Answer::json(StatusCode::OK, &view)
        })
        .await
}
