//! `POST /v1/admin/sagas/{order_id}/pause`: have an order wait.

use agrodeep_commands::{Commands, sagas::SagaDesk};
use agrodeep_domain::{OrderId, order_fulfilment::Intervention};
use agrodeep_http::{Invalid, PathId, Problem, StrictJson};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    caller::{Admins, Caller, CommandHeaders},
    routes::CommandProblems,
    sagas::{SagaChoiceView, choose, reason},
};

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseSagaBody {
    /// Why, for those who ask later. It is kept for good: nothing personal.
    #[schema(example = "The address is being clarified", max_length = 500)]
    reason: String,
    /// Only tell what will follow; nothing is done.
    #[serde(default)]
    dry_run: bool,
}

/// Have an order wait: what happens to it is taken in, nothing is done, and no deadline counts until it is resumed.
#[utoipa::path(
    post, path = "/v1/admin/sagas/{order_id}/pause", tag = "admin", security(("bearer" = [])),
    params(("order_id" = String, Path, description = "The order", example = "ord_01h455vb4pex5vsknk084sn02q"), CommandHeaders),
    request_body = PauseSagaBody,
    responses((status = 200, description = "It waits", body = SagaChoiceView), CommandProblems)
)]
pub async fn pause_saga(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(order_id): PathId<OrderId>,
    StrictJson { value: body, raw }: StrictJson<PauseSagaBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let reason = reason(&mut invalid, &body.reason);
    let reason = invalid.finish(reason)?;
    let (desk, dry_run) = (SagaDesk::new(commands.executor), body.dry_run);
    caller
        .run(&raw, move |context| async move {
            choose(&desk, order_id, Intervention::Pause { reason }, dry_run, context).await
        })
        .await
}
