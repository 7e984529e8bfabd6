//! `POST /v1/payments/webhook`: the payment provider tells what became of a payment.

use agrodeep_commands::{
    Commands,
    payments::{self, Received, WebhookRequest, signature::WebhookSecrets},
};
use agrodeep_http::{Problem, RequestContext, json::read_body};
use axum::{
    extract::{Request, State},
    http::{HeaderName, StatusCode},
    response::Response,
};
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Answer, caller::Parameterless, problems, runner::Runner};

/// The provider's signature of the body.
const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// The message was taken.
#[derive(Serialize, ToSchema)]
pub struct ReceivedView {
    /// Always `true`: it need not be sent again.
    received: bool,
}

/// Take in a message of the payment provider, in Stripe's format. Sent again or out of order it does no harm.
#[utoipa::path(
    post, path = "/v1/payments/webhook", tag = "payments",
    params(("Stripe-Signature" = String, Header, description = "`t=<seconds>,v1=<hex of HMAC-SHA256(secret, t.body)>`")),
    request_body(content = serde_json::Value, description = "An event object of Stripe"),
    responses(
        (status = 200, description = "Taken", body = ReceivedView),
        (status = 400, description = "`invalid_signature` or `malformed_event`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`payment_unknown_yet`: send it again", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn webhook(
    State(commands): State<Commands>,
    State(secrets): State<WebhookSecrets>,
    State(runner): State<Runner>,
    _: Parameterless,
    context: RequestContext,
    request: Request,
) -> Result<Response, Problem> {
    let signature =
        request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signature = signature.to_owned();
    let body = read_body(request, &()).await?;
    runner
        .run(async move {
            let message = WebhookRequest {
                signature: &signature,
                body: &body,
                received_at: Utc::now(),
                traceparent: Some(context.traceparent()),
            };
            let received =
                payments::webhook(&commands, &secrets, message).await.map_err(problems::webhook)?;
            let answer = Answer::json(StatusCode::OK, &ReceivedView { received: true })?;
            Ok(match received {
                Received::Applied { position, .. } => answer.position(position),
                Received::Ignored => answer,
            })
        })
        .await
}
