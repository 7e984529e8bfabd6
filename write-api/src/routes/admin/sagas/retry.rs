//! `POST /v1/admin/sagas/{order_id}/retry`: have what is parked tried again.

use agrodeep_commands::{Commands, sagas::SagaDesk};
use agrodeep_domain::{
    OrderId,
    order_fulfilment::{Intervention, Step},
};
use agrodeep_http::{Invalid, OptionalJson, PathId, Problem};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    caller::{Admins, Caller, CommandHeaders},
    routes::CommandProblems,
    sagas::{SagaChoiceView, choose, optional_reason},
};

/// What is tried again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrySagaBody {
    /// Only this step; else all that are parked.
    #[schema(example = "refund_payment")]
    step: Option<String>,
    /// Why, for those who ask later. It is kept for good: nothing personal.
    #[schema(example = "The provider answers again", max_length = 500)]
    reason: Option<String>,
    /// Only tell what will follow; nothing is done.
    #[serde(default)]
    dry_run: bool,
}

/// Have what is parked of an order tried again, with as many attempts as at first: all of it, or one step.
#[utoipa::path(
    post, path = "/v1/admin/sagas/{order_id}/retry", tag = "admin", security(("bearer" = [])),
    params(("order_id" = String, Path, description = "The order", example = "ord_01h455vb4pex5vsknk084sn02q"), CommandHeaders),
    request_body = Option<RetrySagaBody>,
    responses((status = 200, description = "What follows", body = SagaChoiceView), CommandProblems)
)]
pub async fn retry_saga(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(order_id): PathId<OrderId>,
    OptionalJson { value: body, raw }: OptionalJson<RetrySagaBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let step = match &body.step {
        None => Some(None),
        Some(text) => invalid.check("/step", text.parse::<Step>()).map(Some),
    };
    let reason = optional_reason(&mut invalid, body.reason.as_deref());
    let (step, reason) = invalid.finish(step.zip(reason))?;
    let (desk, dry_run) = (SagaDesk::new(commands.executor), body.dry_run);
    caller
        .run(&raw, move |context| async move {
            choose(&desk, order_id, Intervention::Retry { step, reason }, dry_run, context).await
        })
        .await
}
