//! `POST /v1/admin/sagas/{order_id}/skip`: go on without a step.

use agrodeep_commands::{Commands, sagas::SagaDesk};
use agrodeep_domain::{
    OrderId,
    order_fulfilment::{Intervention, Step},
};
use agrodeep_http::{Invalid, PathId, Problem, StrictJson};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    caller::{Admins, Caller, CommandHeaders},
    routes::CommandProblems,
    sagas::{SagaChoiceView, choose, reason},
};

/// Which step, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipSagaBody {
    /// The step.
    #[schema(example = "cancel_delivery")]
    step: String,
    /// Why, for those who ask later. It is kept for good: nothing personal.
    #[schema(example = "The driver was told by telephone", max_length = 500)]
    reason: String,
    /// Only tell what will follow; nothing is done.
    #[serde(default)]
    dry_run: bool,
}

/// Go on without a step, where money and stock come out right all the same. Which steps these are, and why the others cannot be
/// skipped, is in docs/saga.md; the answer says it, too.
#[utoipa::path(
    post, path = "/v1/admin/sagas/{order_id}/skip", tag = "admin", security(("bearer" = [])),
    params(("order_id" = String, Path, description = "The order", example = "ord_01h455vb4pex5vsknk084sn02q"), CommandHeaders),
    request_body = SkipSagaBody,
    responses((status = 200, description = "What follows", body = SagaChoiceView), CommandProblems)
)]
pub async fn skip_saga(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(order_id): PathId<OrderId>,
    StrictJson { value: body, raw }: StrictJson<SkipSagaBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let step = invalid.check("/step", body.step.parse::<Step>());
    let reason = reason(&mut invalid, &body.reason);
    let (step, reason) = invalid.finish(step.zip(reason))?;
    let (desk, dry_run) = (SagaDesk::new(commands.executor), body.dry_run);
    caller
        .run(&raw, move |context| async move {
            choose(&desk, order_id, Intervention::Skip { step, reason }, dry_run, context).await
        })
        .await
}
