//! `POST /v1/admin/sagas/{order_id}/abandon`: call an order off and undo what was done.

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
pub struct AbandonSagaBody {
    /// Why, for those who ask later. It is kept for good: nothing personal.
    #[schema(example = "The producer has closed", max_length = 500)]
    reason: String,
    /// Only tell what will follow; nothing is done.
    #[serde(default)]
    dry_run: bool,
}

/// Call an order off and undo what was done. The order has the last word: one that leaves with its driver at the same moment goes on.
#[utoipa::path(
    post, path = "/v1/admin/sagas/{order_id}/abandon", tag = "admin", security(("bearer" = [])),
    params(("order_id" = String, Path, description = "The order", example = "ord_01h455vb4pex5vsknk084sn02q"), CommandHeaders),
    request_body = AbandonSagaBody,
    responses((status = 200, description = "What follows", body = SagaChoiceView), CommandProblems)
)]
pub async fn abandon_saga(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(order_id): PathId<OrderId>,
    StrictJson { value: body, raw }: StrictJson<AbandonSagaBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let reason = reason(&mut invalid, &body.reason);
    let reason = invalid.finish(reason)?;
    let (desk, dry_run) = (SagaDesk::new(commands.executor), body.dry_run);
    caller
        .run(&raw, move |context| async move {
            choose(&desk, order_id, Intervention::Abandon { reason }, dry_run, context).await
        })
        .await
}
